/** What is inside a release: for programs as CycloneDX, for people as the licences' own words. */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { NpmPackage } from "./bundle.ts";

export interface Component extends NpmPackage {
  /** The programs that contain it. */
  readonly programs: readonly string[];
}

export interface Release {
  readonly version: string;
  readonly arch: string;
}

/** One entry per package and version, sorted. */
export function componentsOf(packagesOf: Iterable<readonly [string, readonly NpmPackage[]]>): Component[] {
  const found = new Map<string, NpmPackage & { programs: string[] }>();
  for (const [program, packages] of packagesOf) {
    for (const npmPackage of packages) {
      const reference = purl(npmPackage);
      const component = found.get(reference) ?? { ...npmPackage, programs: [] };
      if (!component.programs.includes(program)) component.programs.push(program);
      found.set(reference, component);
    }
  }
  return [...found.values()].sort((a, b) => (purl(a) < purl(b) ? -1 : 1));
}

/** A CycloneDX 1.6 document. The same components give the same text. */
export function billOfMaterials(release: Release, components: readonly Component[]): string {
  const self = `pkg:generic/shipkeeper@${release.version}?arch=${release.arch}`;
  const body = {
    metadata: {
      component: {
        type: "application",
        "bom-ref": self,
        name: "shipkeeper",
        version: release.version,
        licenses: [{ license: { id: "Apache-2.0" } }],
      },
    },
    components: components.map((component) => ({
      type: "library",
      "bom-ref": purl(component),
      name: component.name,
      version: component.version,
      licenses: [licenseOf(component.license)],
      purl: purl(component),
      properties: component.programs.map((program) => ({ name: "shipkeeper:program", value: program })),
    })),
    dependencies: [{ ref: self, dependsOn: components.map(purl) }],
  };
  const head = { bomFormat: "CycloneDX", specVersion: "1.6", serialNumber: serialOf(body), version: 1 };
  return `${JSON.stringify({ ...head, ...body }, null, 2)}\n`;
}

/** The licence files of all components, which most of their licences ask to pass on. */
export function licenseTexts(components: readonly Component[]): string {
  const parts = components.map((component) => {
    const { name, version, license, folder } = component;
    const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
    const texts = files.sort().map((file) => readFileSync(join(folder, file), "utf8").trim());
    return [`${name} ${version} (${license})`, ...texts].join("\n\n");
  });
  return `${parts.join(`\n\n${"-".repeat(80)}\n\n`)}\n`;
}

function purl({ name, version }: NpmPackage): string {
  return `pkg:npm/${name.replace("@", "%40")}@${version}`;
}

/** An SPDX id, or an expression such as `(MIT OR Apache-2.0)`. */
function licenseOf(license: string): object {
  return / (OR|AND|WITH) /.test(license) ? { expression: license } : { license: { id: license } };
}

/** A UUID of version 5's form over the content, so that equal releases have equal serial numbers. */
function serialOf(body: object): string {
  const hash = createHash("sha256").update(JSON.stringify(body)).digest("hex");
  const variant = ((Number.parseInt(hash.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  const parts = [hash.slice(0, 8), hash.slice(8, 12), `5${hash.slice(13, 16)}`, variant + hash.slice(18, 20)];
  return `urn:uuid:${[...parts, hash.slice(20, 32)].join("-")}`;
}
