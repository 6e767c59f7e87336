export * from "./api/index.ts";
export * from "./batch.ts";
export * from "./enrolment.ts";
export * from "./entries.ts";
export * from "./sample-chunk.ts";
export * from "./signed-bundle.ts";
export * from "./signed-request.ts";
export * from "./version.ts";
