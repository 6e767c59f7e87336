export * from "./container.ts";
export * from "./host.ts";
export * from "./ids.ts";
export * from "./image.ts";
export * from "./inventory.ts";
export * from "./owner.ts";
export * from "./sample.ts";
export * from "./volume.ts";
