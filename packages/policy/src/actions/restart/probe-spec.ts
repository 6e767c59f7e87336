/** How a container is asked from the host whether it still does its work, and how often: the probes of a rule. */
import * as z from "zod";
import {
  durationSchema,
  nameSchema,
  patternSchema,
  selectingLabelsSchema,
  selectingPatternsSchema,
} from "../../language/values.ts";

const PORT = "expected a port from 1 to 65535";
const STATUS = 'expected a status such as 204, or a range such as "200-399"';
const HEADER = "expected the name of a header";
const MOST_PROBES = 50;
const MOST_HEADERS = 20;
const MOST_ARGUMENTS = 50;

export const portSchema = z.int({ error: PORT }).min(1, PORT).max(65_535, PORT);

/** `204` or `200-399` ↔ the lowest and highest status that count as an answer. */
export const statusSchema = z.codec(
  z.union([z.int(), z.string()], { error: STATUS }),
  z.object({ from: z.int(), to: z.int() }),
  {
    decode(written, context) {
      const [, low = "", high = low] = /^(\d{3})(?:-(\d{3}))?$/.exec(String(written)) ?? [];
      const [from, to] = [Number(low), Number(high)];
      if (from >= 100 && from <= to && to <= 599) return { from, to };
      context.issues.push({ code: "custom", message: STATUS, input: written });
      return z.NEVER;
    },
    encode: ({ from, to }) => (from === to ? from : `${from}-${to}`),
  },
);

const TLS = "expected true, or a mapping of `verify` and `host`";

const tlsSchema = z.union(
  [
    z.boolean(),
    z.strictObject({
      /** Whether its certificate must be trusted and of this name: few containers have one for their address. */
      verify: z.boolean().default(false),
      /** The name that it is asked for by. */
      host: z.string().min(1).max(253).optional(),
    }),
  ],
  { error: TLS },
);

export const pathSchema = z
  .string()
  .max(2_000)
  .regex(/^\/[\x21-\x7e]*$/, "expected a path such as /healthz");

const headersSchema = z
  .record(
    z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/, HEADER),
    z
      .string()
      .max(1_000)
      .regex(/^[\x20-\x7e]*$/, "expected one line of plain text"),
  )
  .refine((headers) => Object.keys(headers).length <= MOST_HEADERS, `${MOST_HEADERS} headers at most`);

/** Each way to ask; a probe has one of them. */
const waysToAsk = {
  http: z
    .strictObject({
      port: portSchema,
      path: pathSchema.default("/"),
      status: statusSchema.prefault("200-399"),
      /** A pattern that some part of the body must match. */
      body: patternSchema.optional(),
      tls: tlsSchema.optional(),
      headers: headersSchema.optional(),
    })
    .optional(),
  tcp: z.strictObject({ port: portSchema }).optional(),
  /** A program within the container, by its arguments: no shell reads them. Guardrails must name the container. */
  exec: z
    .strictObject({
      argv: z.array(z.string().min(1).max(4_096)).min(1, "expected a program").max(MOST_ARGUMENTS),
    })
    .optional(),
  /** It wrote nothing to its log for so long. */
  silentFor: durationSchema.refine((ms) => ms >= 1_000, "expected one second or more").optional(),
} as const;

const WAYS = Object.keys(waysToAsk) as (keyof typeof waysToAsk)[];

export const probeSpecSchema = z
  .strictObject({
    /** Of the containers that the rule selects; left out: all of them. */
    select: z
      .strictObject({
        containers: selectingPatternsSchema.optional(),
        labels: selectingLabelsSchema.optional(),
      })
      .refine(
        ({ containers, labels }) => containers !== undefined || labels !== undefined,
        "selects nothing: it needs `containers`, `labels` or both",
      )
      .optional(),
    ...waysToAsk,
    every: durationSchema.refine((ms) => ms >= 1_000, "expected one second or more").prefault("10s"),
    timeout: durationSchema.refine((ms) => ms <= 60_000, "expected one minute or less").prefault("3s"),
    /** So many failures in a row confirm that it does not answer. */
    failures: z.int().min(1).max(100).default(3),
    /** Failures of a container that started less than this ago do not count, until it has answered once. */
    startPeriod: durationSchema.prefault("60s"),
  })
  .refine(
    (probe) => WAYS.filter((way) => probe[way] !== undefined).length === 1,
    `asks in one way: ${WAYS.map((way) => `\`${way}\``).join(", ")}`,
  );
export type ProbeSpec = z.infer<typeof probeSpecSchema>;

/** Probes by the names that people give them. */
export const probesSchema = z
  .record(nameSchema, probeSpecSchema)
  .refine((probes) => Object.keys(probes).length <= MOST_PROBES, `${MOST_PROBES} probes at most`);
