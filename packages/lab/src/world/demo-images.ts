import { type Instant, days } from "@shipkeeper/kit";
import { busyboxLayer } from "../forge/busybox.ts";
import { type ForgedImage, forgeImage } from "../forge/forge-image.ts";
import type { Random } from "../random.ts";
import { BASES, type BaseName, type Service, SERVICES } from "./catalog.ts";

/** Every image of the demo, built once and loaded on many hosts. */
export interface Builds {
  bases: Readonly<Record<BaseName, ForgedImage>>;
  /** Newest first. */
  versions(service: Service): Versions;
  /** A build that had the newest version's tag before it was built again. */
  superseded(service: Service): ForgedImage;
}

export type Versions = readonly [ForgedImage, ForgedImage, ForgedImage];

/** Bytes of an application beside its base; small, since every host writes them to the same disk. */
const APPLICATION_BYTES = { least: 200_000, most: 2_500_000 };

export function buildImages(random: Random, now: Instant): Builds {
  const builtAt = (ageDays: number) => new Date(now - days(ageDays));
  const bases = forgeBases(builtAt);

  const versions = new Map<Service, Versions>();
  const superseded = new Map<Service, ForgedImage>();
  for (const service of SERVICES) {
    const major = random.between(1, 9);
    const forge = (place: 0 | 1 | 2, ageDays = service.agesDays[place]) =>
      forgeVersion(service, `${major}.${3 - place}.0`, bases[service.base], builtAt(ageDays), random);
    versions.set(service, [forge(0), forge(1), forge(2)]);
    superseded.set(service, forge(0, service.agesDays[0] + 2));
  }

  return {
    bases,
    versions: (service) => versions.get(service)!,
    superseded: (service) => superseded.get(service)!,
  };
}

/** Node's base stands on Debian's, as such bases do. */
function forgeBases(builtAt: (ageDays: number) => Date): Record<BaseName, ForgedImage> {
  const layer = (name: BaseName) => [
    { path: `etc/${name}-release`, content: `${BASES[name].tag}\n` },
    { path: `usr/lib/${name}.bin`, sparseBytes: BASES[name].bytes },
  ];
  const common = (name: BaseName) => ({
    tags: [BASES[name].tag],
    createdAt: builtAt(BASES[name].ageDays),
    labels: { "org.opencontainers.image.vendor": "Acme platform" },
    cmd: ["/bin/sh"],
  });

  const alpine = forgeImage({ ...common("alpine"), layers: [busyboxLayer(), layer("alpine")] });
  const debian = forgeImage({ ...common("debian"), layers: [busyboxLayer(), layer("debian")] });
  const node = forgeImage({ ...common("node"), base: debian, layers: [layer("node")] });
  return { alpine, debian, node };
}

function forgeVersion(
  service: Service,
  version: string,
  base: ForgedImage,
  createdAt: Date,
  random: Random,
): ForgedImage {
  const program = random.between(APPLICATION_BYTES.least, APPLICATION_BYTES.most);
  return forgeImage({
    tags: [`acme/${service.name}:${version}`],
    base,
    createdAt,
    layers: [
      [
        { path: "app/version", content: `${service.name} ${version} ${createdAt.toISOString()}\n` },
        { path: "app/program.bin", sparseBytes: program },
      ],
    ],
    labels: {
      ...(service.owner === undefined ? {} : { "com.acme.owner": service.owner }),
      "org.opencontainers.image.source": `https://git.acme.example/${service.project}/${service.name}`,
      "org.opencontainers.image.version": version,
    },
    exposedPorts: ["8080/tcp"],
    cmd: ["/app/program.bin"],
    workdir: "/app",
    ...(service.asRoot === true ? {} : { user: "65534:65534" }),
  });
}
