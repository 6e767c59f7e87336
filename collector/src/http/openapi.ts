/** The API's own description, generated from the schemas that validate it. */
import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { createJsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";

const DESCRIPTION =
  "What a collector knows of its fleet, for people and programs. Times are milliseconds since 1970. Lists page by " +
  "cursor and answer CSV where `format=csv` or `accept: text/csv` asks for it.";

/** To be called before the routes that it describes are registered. */
export async function describeApi(app: FastifyInstance, { version }: { version: string }): Promise<void> {
  const describe = createJsonSchemaTransform({});
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Shipkeeper", version, description: DESCRIPTION },
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
      security: [{ token: [] }],
    },
    // Agents have a protocol of their own, and what serves browsers and monitoring promises nothing.
    transform: (route) =>
      route.url.startsWith("/api/")
        ? describe(route)
        : { schema: { ...route.schema, hide: true }, url: route.url },
    transformObject: (document) => onlyWhatIsUsed(jsonSchemaTransformObject(document)),
  });
}

/** The document holds no secret, and whoever writes a client wants it before they have a token. */
export function openApiRoute(app: FastifyInstance): void {
  app.get("/api/openapi.json", { schema: { hide: true } }, async (_request, reply) =>
    reply.send(app.swagger()),
  );
}

type Document = ReturnType<typeof jsonSchemaTransformObject>;

/** Every schema is generated once as it is read and once as it is written; most are only ever one of the two. */
function onlyWhatIsUsed(document: Document): Document {
  const schemas = ("components" in document ? document.components?.schemas : undefined) ?? {};
  for (;;) {
    const text = JSON.stringify(document);
    const unused = Object.keys(schemas).filter((name) => !text.includes(`"#/components/schemas/${name}"`));
    if (unused.length === 0) return document;
    for (const name of unused) delete schemas[name];
  }
}
