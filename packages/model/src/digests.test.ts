import { expect, test } from "vitest";
import { digestsHeld } from "./digests.ts";
import { containerIdSchema, imageIdSchema } from "./ids.ts";
import { plainContainer, plainImage } from "./testing/plain-things.ts";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const imageId = (letter: string) => imageIdSchema.parse(digest(letter));

test("a host holds its images by id and by what they were pulled as, and its containers' images beside", () => {
  const pulled = plainImage({ id: imageId("a"), digests: [`r.example:5000/web@${digest("b")}`] });
  const id = containerIdSchema.parse("e".repeat(64));
  const orphan = plainContainer({ id, name: "orphan", imageId: imageId("c"), image: `web@${digest("d")}` });
  const named = plainContainer({ id, name: "named", imageId: imageId("a"), image: "web:1" });

  const held = digestsHeld({ images: [pulled], containers: [orphan, named] });

  expect([...held].sort()).toEqual(["a", "b", "c", "d"].map(digest));
});
