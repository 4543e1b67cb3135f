import { targetOf, type NumberSettings } from './whatsapp-settings.ts';
import { openPostman, signedWebhook, statusValue, type Recipient } from './whatsapp-webhooks.ts';

export interface StatusReports {
  /** Sends the statuses that the number's settings ask for, one webhook each, each after the first try of the last. */
  report(phoneNumberId: string, id: string, to: Recipient, callbackData: string | undefined): void;
  /** Gives up whatever is still owed. */
  forget(): void;
}

/** The status webhooks that follow a send; `tried` hears of every try to deliver one. */
export function openStatusReports(
  settingsOf: (phoneNumberId: string) => NumberSettings,
  tried: (answered: number | null, attempt: number, body: string) => void,
): StatusReports {
  const postman = openPostman(tried);
  const timers = new Set<NodeJS.Timeout>();
  let epoch = 0;

  return {
    report(phoneNumberId, id, to, callbackData) {
      const settings = settingsOf(phoneNumberId);
      const target = targetOf(settings, phoneNumberId);
      if (target === undefined || settings.statuses === 'none' || settings.statuses === '') return;
      const begun = epoch;
      const steps = settings.statuses.split(',');
      const next = (): void => {
        const step = steps.shift();
        if (step === undefined || begun !== epoch) return;
        const timer = setTimeout(() => {
          timers.delete(timer);
          const { body, headers } = signedWebhook(target, statusValue(id, step, to, callbackData));
          void postman.deliver(target.url, body, headers).then(next);
        }, settings.status_delay_ms);
        timers.add(timer);
      };
      next();
    },
    forget() {
      epoch += 1;
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
      postman.forget();
    },
  };
}
