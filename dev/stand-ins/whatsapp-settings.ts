import type { WebhookTarget } from './whatsapp-webhooks.ts';

/** What Meta's console would hold for one phone number. */
export interface NumberSettings {
  /** `{phone_number_id}` in it is replaced. Empty: no webhooks are sent. */
  webhook_url: string;
  app_secret: string;
  /** Empty: any bearer token is good. */
  access_token: string;
  display_phone_number: string;
  waba_id: string;
  /** Status webhooks after a send, in this order: `sent,delivered,read`, `sent,failed:131047`, `none`. */
  statuses: string;
  /** Pause before each of them. */
  status_delay_ms: number;
}

const STRANGE_STATUS = /(?:^|,)(?!(?:sent|delivered|read|failed(?::\d+)?)(?:,|$))/;

/** Settings for all numbers with exceptions for single ones. */
export function openNumberSettings(environment: Record<string, string | undefined>) {
  const initial: NumberSettings = {
    webhook_url: environment.WHATSAPP_WEBHOOK_URL ?? '',
    app_secret: environment.WHATSAPP_APP_SECRET ?? '',
    access_token: '',
    display_phone_number: '15550783881',
    waba_id: '102290129340398',
    statuses: 'sent,delivered,read',
    status_delay_ms: 0,
  };
  let all = initial;
  let exceptions: Record<string, Partial<NumberSettings>> = {};

  return {
    of: (phoneNumberId: string): NumberSettings => ({ ...all, ...exceptions[phoneNumberId] }),
    shown: () => ({ ...all, numbers: exceptions }),
    reset() {
      all = initial;
      exceptions = {};
    },
    /** Takes the settings it knows; throws an Error that names the first bad one. */
    set(given: Record<string, unknown>): void {
      const { numbers = {}, ...rest } = given;
      const changes = checked(rest, initial);
      const ofNumbers = Object.entries(numbers as Record<string, Record<string, unknown>>);
      const checkedNumbers = ofNumbers.map(([id, settings]) => [id, checked(settings, initial)] as const);
      all = { ...all, ...changes };
      for (const [id, settings] of checkedNumbers) exceptions[id] = { ...exceptions[id], ...settings };
    },
  };
}

function checked(given: Record<string, unknown>, initial: NumberSettings): Partial<NumberSettings> {
  for (const [key, value] of Object.entries(given)) {
    const known = initial[key as keyof NumberSettings];
    if (known === undefined) throw new Error(`no setting is called ${key}`);
    if (typeof value !== typeof known) throw new Error(`${key} is not a ${typeof known}`);
  }
  const { statuses } = given as Partial<NumberSettings>;
  if (statuses !== undefined && statuses !== 'none' && STRANGE_STATUS.test(statuses)) {
    throw new Error('statuses is a list of sent, delivered, read, failed:<code>, or none');
  }
  return given as Partial<NumberSettings>;
}

/** Where the webhooks of a number go; undefined when none was set. */
export function targetOf(settings: NumberSettings, phoneNumberId: string): WebhookTarget | undefined {
  if (settings.webhook_url === '') return undefined;
  return {
    url: settings.webhook_url.replaceAll('{phone_number_id}', encodeURIComponent(phoneNumberId)),
    appSecret: settings.app_secret,
    phoneNumberId,
    displayPhoneNumber: settings.display_phone_number,
    wabaId: settings.waba_id,
  };
}
