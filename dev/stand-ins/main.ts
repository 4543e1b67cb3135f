import { openStandIns } from './open-stand-ins.ts';

// The process of the stand-ins: `PORT` (default 4900), `STAND_INS_JOURNAL` (entries a journal holds, default 100000),
// `CRM_API_KEY` (the key that the CRM takes; none unless set),
// `WHATSAPP_WEBHOOK_URL` and `WHATSAPP_APP_SECRET`, `SLACK_WEBHOOK_URL` and `SLACK_SIGNING_SECRET` (where and how
// webhooks are sent until control says else).

const limit = process.env.STAND_INS_JOURNAL;
try {
  const standIns = await openStandIns({
    port: Number(process.env.PORT ?? 4900),
    journalLimit: limit === undefined ? undefined : Number(limit),
  });
  console.log(`stand-ins for the outside world at ${standIns.url}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void standIns.close().then(() => process.exit(0)));
  }
} catch (error) {
  console.error(`the stand-ins cannot start: ${(error as Error).message}`);
  process.exitCode = 1;
}
