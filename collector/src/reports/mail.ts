/** Hands one mail to the configured server. */
import { createHash } from "node:crypto";
import { OperationalError } from "@shipkeeper/kit";
import { createTransport } from "nodemailer";
import type { QueuedMail } from "./mail-queue.ts";

/** Resolves once the server has taken the mail. */
export type SendMail = (mail: QueuedMail) => Promise<void>;

export class MailNotTaken extends OperationalError {
  override readonly name = "MailNotTaken";
  readonly code = "mail_not_taken";
  readonly retryable = true;
}

/** A server that does not answer within this is down. */
const ANSWER_MS = 20_000;

/** `smtp` as the configuration has it: `smtp://user:password@host:port`; smtps for TLS from the first byte. */
export function smtpSender({ smtp, from }: { smtp: string; from: string }): SendMail {
  const transport = createTransport({
    url: smtp,
    connectionTimeout: ANSWER_MS,
    greetingTimeout: ANSWER_MS,
    socketTimeout: ANSWER_MS,
    // Contents are made here; nothing in a mail may make the server read a file or an address.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return async ({ key, recipient, subject, html, plain }) => {
    try {
      await transport.sendMail({
        from,
        to: { name: "", address: recipient },
        subject,
        html,
        text: plain,
        messageId: messageId(key),
        headers: { "auto-submitted": "auto-generated" },
      });
    } catch (cause) {
      throw new MailNotTaken(`the mail server did not take the mail to ${recipient}`, { cause });
    }
  };
}

/** The same for every try: where an answer got lost on the way back, the second copy is known to be one. */
function messageId(key: string): string {
  return `<${createHash("sha256").update(key).digest("hex").slice(0, 32)}@shipkeeper>`;
}
