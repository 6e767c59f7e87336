import manifest from "../../../package.json" with { type: "json" };

/** Of all programs alike; a release is bundled with its own in the manifest's place. The wire has a version of its own. */
export const VERSION: string = manifest.version;
