import { request } from "node:http";

/** What an engine itself answers, without any of our own code in between. */
export function askEngine<Answer>(socketPath: string, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, timeout: 30_000 }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => (text += chunk));
      answer.on("end", () => {
        if (answer.statusCode === 200) resolve(JSON.parse(text) as Answer);
        else reject(new Error(`GET ${path} on ${socketPath} answered ${answer.statusCode}: ${text}`));
      });
      answer.on("error", reject);
    });
    asked.on("error", reject);
    asked.end();
  });
}

export interface EngineContainer {
  Id: string;
  Names: string[];
  State: string;
  Status: string;
  ImageID: string;
}

export interface EngineImage {
  Id: string;
  RepoTags: string[] | null;
  Created: number;
  Size: number;
}

export const containersOn = (socketPath: string): Promise<EngineContainer[]> =>
  askEngine(socketPath, "/v1.41/containers/json?all=1");

export const imagesOn = (socketPath: string): Promise<EngineImage[]> =>
  askEngine(socketPath, "/v1.41/images/json");
