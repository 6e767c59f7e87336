import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MASK, maskSecrets } from "./mask-secrets.ts";

const CANARY = "c4n4ryHunter2";

test.each([
  `PASSWORD=${CANARY}`,
  `db_passwd = ${CANARY}`,
  `MYSQL_PWD=${CANARY} mysqld`,
  `DB_PASS: ${CANARY}`,
  `{"password":"${CANARY}","user":"bob"}`,
  `{"clientSecret": "with \\" a quote ${CANARY}"}`,
  `{\\"apiKey\\":\\"${CANARY}\\",\\"n\\":1}`,
  `config { secret_key_base => '${CANARY}' }`,
  `credentials: {"user":"bob","pw":"${CANARY}"}`,
  `X-Api-Key: ${CANARY}`,
  `private key = ${CANARY}`,
  `auth=${CANARY}`,
  `env["TOKEN"]="${CANARY}"`,
  `password=it"s,${CANARY};&x`,
  `Set-Cookie: session=${CANARY}; Path=/`,
  `Authorization: Bearer ${CANARY}`,
  `proxy-authorization: Digest username="bob", response=${CANARY}`,
  `{"Authorization":"Basic ${CANARY}=="}`,
  `sent bearer ${CANARY} to upstream`,
  `tried Basic ${CANARY}== twice`,
  `redis://:${CANARY}@cache:6379/0`,
  `postgres://app:p@ss/${CANARY}@db:5432/app?x=1`,
  `fetching https://deploy${CANARY}@git.example/x.git`,
  `https://a.example/,https://bob:${CANARY}@b.example/`,
  `GET /hook?token=${CANARY}&x=1`,
  `worker --password ${CANARY} --fast`,
  `worker --db-token=${CANARY}`,
  `curl -u bob:${CANARY} http://x`,
  `id eyJhbGciOiJIUzI1NiJ9.${CANARY}.${CANARY}`,
  `key ghp_0123456789${CANARY}`,
  `key github_pat_0123456789_${CANARY}`,
  `key glpat-0123456789${CANARY}`,
  `key xoxb-0123456789-${CANARY}`,
  `key sk_live_0123456789${CANARY}`,
  `https://hooks.slack.com/services/T000/B000/${CANARY}`,
])("masks %s", (line) => {
  expect(maskSecrets(line)).not.toContain(CANARY);
});

test("masks keys of AWS, with and without their names", () => {
  const text = "AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

  expect(maskSecrets(text)).toBe(`${MASK} ${MASK}`);
});

test("keeps what makes a line worth reading", () => {
  const lines = [
    "worker is stuck: exit 1 after 3 tries",
    "author: Bob, authority example.com:443",
    "http://web:8080/users/bob@example.com 500",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "commit da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "a bearer token was refused, wrong password for bob",
    "keys: 3, passed: 12, monkey=banana",
  ];

  expect(lines.map((line) => maskSecrets(line))).toEqual(lines);
});

test("keeps JSON readable around what it masks", () => {
  expect(maskSecrets(`{"user":"bob","password":"${CANARY}","port":5432}`)).toBe(
    `{"user":"bob","password":"${MASK}","port":5432}`,
  );
});

test("masks key blocks, also when the text begins or ends within one", () => {
  const body = "MIIEowIBAAKCAQEA7bq9";
  const block = `-----BEGIN RSA PRIVATE KEY-----\n${body}\n${body}\n-----END RSA PRIVATE KEY-----`;

  expect(maskSecrets(`before\n${block}\nafter`)).toBe(`before\n${block.replaceAll(body, MASK)}\nafter`);
  expect(maskSecrets(`${body}\n-----END PRIVATE KEY-----`)).not.toContain(body);
  expect(maskSecrets(`-----BEGIN PRIVATE KEY-----\n${body}\nnext line`)).toBe(
    `-----BEGIN PRIVATE KEY-----\n${MASK}\nnext line`,
  );
  expect(maskSecrets(`-----BEGIN A-----\nx ${body}\nx ${body}-----END A-----`)).not.toContain(body);
  expect(maskSecrets(JSON.stringify({ pem: block }))).not.toContain(body);
});

test("masks known values wherever they are, the longest first, and never short ones", () => {
  const known = ["swordfish", "swordfish-and-more", "8080", `two\nlines "quoted"`];

  expect(maskSecrets("x swordfish-and-more y swordfish :8080", known)).toBe(`x ${MASK} y ${MASK} :8080`);
  expect(maskSecrets(JSON.stringify({ x: known[3] }), known)).toBe(`{"x":"${MASK}"}`);
  expect(maskSecrets(`lines "quoted"`, known)).toBe(MASK);
});

const PIECES =
  `password token = : " ' \\ :// @ a Zz9 { [ ] , / - -- eyJ . ghp_ 0123456789abcdefghijklmnop`.split(" ");
const piece = fc.constantFrom(
  ...PIECES,
  " ",
  "\n",
  "-u ",
  "Bearer ",
  "Authorization: ",
  "-----BEGIN A KEY-----",
  "-----END A KEY-----",
  MASK,
);

test("keeps the number of lines and masks nothing more the second time", () => {
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }),
      fc.array(fc.string({ minLength: 6 }), { maxLength: 3 }),
      (pieces, known) => {
        const text = pieces.join("");
        const once = maskSecrets(text, known);

        expect(once.split("\n")).toHaveLength(text.split("\n").length);
        expect(maskSecrets(once, known)).toBe(once);
      },
    ),
    { numRuns: 300 },
  );
});

test.each([
  "password",
  'password="',
  "://a:",
  "://",
  "eyJ",
  "eyJaaaaaaaaa.",
  "authorization",
  "--password ",
  "bearer a",
  "Bearer ",
  "-u a",
  "-----BEGIN A-----\n",
  "-----BEGIN A-----",
  "AAAA\n-----END A-----\n",
  "xoxb-",
  "a",
  '"',
  '\\"',
  "token:{",
])(
  "takes a look or two at each character of 150 kB of %j",
  (unit) => {
    const text = unit.repeat(Math.ceil(150_000 / unit.length));

    expect(maskSecrets(text, ["secret-value"]).split("\n")).toHaveLength(text.split("\n").length);
  },
  5_000,
);
