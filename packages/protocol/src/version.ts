/**
 * The wire's version, a hash of everything that travels, and how it came about. `version.test.ts` computes the hash
 * from the schemas: when it differs, decide whether old agents still understand, write a line below, and pin anew.
 */
export const PROTOCOL_VERSION = 1;

export const PROTOCOL_HISTORY: readonly {
  readonly version: number;
  readonly hash: string;
  readonly change: string;
}[] = [
  {
    version: 1,
    hash: "0b6d81fb109873f45b422be5a2c967354c897d76b13e5165adcd1f9500f593ac",
    change: "first version",
  },
  {
    version: 1,
    hash: "15832f9b8c4693989d5bafd4a3a2a2c56a0dbd7e14fe783068f164276ab0efb6",
    change: "images may carry `lastTaggedAt`, which an older collector leaves out",
  },
  {
    version: 1,
    hash: "d1ad46f2c5bbac3acb0b34d4cf3ced6fa71b418d9c94b322f019800a291ce994",
    change:
      "containers may carry `logBytes`, volumes `refCount`, networks `attachable` and `ingress`, which an older collector leaves out",
  },
  {
    version: 1,
    hash: "f23f4ff4d688f179490b95d0ea8a9d5b7a589985ff5e15b5ca81f4025b0726a4",
    change: "entries of kind `standing`, which an older collector keeps as they came",
  },
  {
    version: 1,
    hash: "4ba4783ddac222ea6f62583bea9f3d67573baf8c1d079a56570b2497b58cc721",
    change: "policies carry exceptions; an agent that does not know them refuses the bundle",
  },
  {
    version: 1,
    hash: "78e71ecf8c24f34f1cd16b9f681f065b3530f668c69d2963f37b6e0e113d6963",
    change: "agents may ask for the digests that the fleet holds; an older collector answers 404",
  },
  {
    version: 1,
    hash: "5370a43a251fcb292de9b6e6d5de5231ac143c1292fdc57a57a37c98945fd900",
    change:
      "policies may carry compliance `checks` and `waivers`, containers `logRotation`; without them nothing is asked for",
  },
  {
    version: 1,
    hash: "d48772a7611028cb164d6f71a8a1cc81a717246277239364d41b9372c417ab6b",
    change: "policies may carry `rollout`, bundles `keys` and `atOnce`; a receipt may name a halted revision",
  },
  {
    version: 1,
    hash: "c2404dc159b5c33f0f44b0c4ab7df0bb8fa67fef0a9e39cbb0117c2d1b17ad73",
    change: "ledgers in a `standing` carry `expiries`; one without them told no container of its end",
  },
  {
    version: 1,
    hash: "43bedd2e9d997e516df426a2ae3c41c92a436d0ba654b50ced9355792cedbd58",
    change:
      "a standing may carry `ruleDays`, `pastImages` and more counts of the last day; guardrails may carry `allow`",
  },
  {
    version: 1,
    hash: "ebc285da68d04e28eea3c6db6e46261be7c920556b5685976b7ace4ccfbd69d4",
    change:
      "rules carry windows, catch-up and spread, guardrails windows; an agent that does not know them refuses the bundle",
  },
  {
    version: 1,
    hash: "67bbaa03aef3feac472dc64fcfed27312c0c2745a46bdc7ea5149881f33651e0",
    change:
      "orphans and verified restore points in a standing, parents of build cache, and more that guardrails limit and allow; an older collector leaves them out",
  },
  {
    version: 1,
    hash: "4c74fbc134f5779d1d96ebe99315a1fe80a497424558d50185ed7f0feff8d396",
    change: "a standing carries `signals`; one without them comes from a host that nobody watches",
  },
  {
    version: 1,
    hash: "1dda6b23c9b8685def6554c64a31d8fa79b1c51bb66b14d336bbb221725e5390",
    change: "tries to heal tell their rung and sign, a container's health when it was read",
  },
  {
    version: 1,
    hash: "9c4d7353601effdaac5f03c3b67bf8085e43b5c04bb95d7479955dfd8c6ca89e",
    change: "entries of kind `availability`, which an older collector keeps as they came",
  },
  {
    version: 1,
    hash: "4cfb286d98dda48d114034795889ab2cb5992f3b6422a114112280bb393a3a13",
    change: "entries of kind `incident`, which an older collector keeps as they came",
  },
  {
    version: 1,
    hash: "88507e64f25d685196e0b997cd2aba6ebc93ae44d2dabf17a84aa4a51ce78e06",
    change:
      "entries of kind `log-watch`, which an older collector keeps as they came; policies may carry `logs`, and an agent that does not know them refuses the bundle",
  },
  {
    version: 1,
    hash: "9660b797709c5ebc9d23b1cf10caf4400e4efefb55c2f11f50a3a5d4d4b09375",
    change: "containers may carry `volumesFrom`, which an older collector leaves out",
  },
  {
    version: 1,
    hash: "57b66d35ac60e08b4254d50d2794c263aeefd568319f452b075ac533d03fd3a8",
    change:
      "rules of kind `restart` may carry `probes`, and an agent that does not know them refuses the bundle; guardrails carry `allow.exec`",
  },
  {
    version: 1,
    hash: "1fd6e7d7d9926a6ede09fc463a2643405a6c94118b07e0c7a1930d90966c28c0",
    change:
      "entries of kind `post-mortem`, which an older collector keeps as they came; policies may carry `postMortems`, and an agent that does not know it refuses the bundle",
  },
  {
    version: 1,
    hash: "94cae20471ce0157e7a82ad83260aa72eb04c5e001a63f82dfcde674cc93f034",
    change:
      "a receipt may name images that are sick on many hosts; an older agent does not wait with healing them",
  },
  {
    version: 1,
    hash: "11ac64e933582441e33ca2ec436efeef6817cf97d5b52e0c60c284c4d29ad5fe",
    change: "guardrails may allow `recreate`",
  },
  {
    version: 1,
    hash: "cfe7f03fc6370c302eb5f32f9e123518f98512256dc333453a6834d498a97823",
    change:
      "restore points carry `dataset` instead of `volume`, which an older collector refuses; targets may be datasets, repositories and restore points",
  },
  {
    version: 1,
    hash: "1175c4c42f0b05e6dca34e17e9aaf399c52b675c08151d52a20a3d569e461242",
    change:
      "rules of kind backup carry consistency, verify, drill and more to select, and an agent that does not know them refuses the bundle; guardrails carry hooks and allow.binds",
  },
  {
    version: 1,
    hash: "6498de21f0faa956163524add76ac74d79eabcd7c39a3459a0422abc9712e1e6",
    change: "entries of kind `drill`, which an older collector keeps as they came",
  },
  {
    version: 1,
    hash: "71f8dd6ddc5530f31babd1d890f3f8c51d77a407439f471a2422048aef1cce47",
    change: "entries of kind `proof`, which an older collector keeps as they came",
  },
  {
    version: 1,
    hash: "9fe229e23b8bc3fa9d9809d806099c987dd4be246f4a778ba920c747092d3501",
    change: "guardrails may allow `restoreOverExisting`, which an older collector leaves out",
  },
  {
    version: 1,
    hash: "b94ba73d68562d1c93ee2f217fc5f894bdf36b8b67dd6dbfeb6dafcd8a67b177",
    change: "entries of kind `repositories`, which an older collector keeps as they came",
  },
  {
    version: 1,
    hash: "4b194c62cca234f0e0961afd5f9fc70254c7928f7a1f849b34d3710041e497ff",
    change: "policies may carry `coverage`, and an agent that does not know it refuses the bundle",
  },
  {
    version: 1,
    hash: "3ac03d777b74f20a19d1d2d3be3f7588d81f400c73a9f3c79f7f196ecc236975",
    change:
      "policies may carry rules of kind `drill`, and an agent that does not know them refuses the bundle; restore points in a standing carry `bytes`",
  },
  {
    version: 1,
    hash: "c1db8959e5dae7579340aa44976deacf3c862e898178a117c836ec6e4b9dc07b",
    change:
      "signed orders, and entries of kind `order-progress`, which an older collector keeps as they came",
  },
  {
    version: 1,
    hash: "05d69fae1d47515694d09ecb6061388dbc706f494a5c9b001fde2cf564514fa0",
    change:
      "restore points of dumps carry `dump`, which an older collector leaves out; rules of kind `drill` carry `hook`, and receipts a phase `feed`, which an older agent and an older collector refuse",
  },
];
