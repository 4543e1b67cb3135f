/** What Slack would hold for one workspace and the app installed in it. */
export interface WorkspaceSettings {
  team_id: string;
  /** The product's webhook for the integration; `/events` and `/interactions` follow it. Empty: nothing is sent. */
  webhook_url: string;
  signing_secret: string;
  /** Empty: any token is good. */
  bot_token: string;
  bot_id: string;
  bot_user_id: string;
  app_id: string;
  /** Whether the app's own messages come back to it as events, as they do where it reads a channel. */
  echo: boolean;
}

/** The workspace that is there without being set up. */
export const STAND_IN_TEAM = 'T0STANDIN';

/** Settings for all workspaces with exceptions for single ones, which are told apart by their tokens. */
export function openWorkspaceSettings(environment: Record<string, string | undefined>) {
  const initial: WorkspaceSettings = {
    team_id: STAND_IN_TEAM,
    webhook_url: environment.SLACK_WEBHOOK_URL ?? '',
    signing_secret: environment.SLACK_SIGNING_SECRET ?? '',
    bot_token: '',
    bot_id: 'B0PARLEY',
    bot_user_id: 'U0PARLEY',
    app_id: 'A0PARLEY',
    echo: true,
  };
  let all = initial;
  let exceptions: Record<string, Partial<WorkspaceSettings>> = {};
  const of = (team: string): WorkspaceSettings => ({
    ...all,
    ...(exceptions[team] && { team_id: team, ...exceptions[team] }),
  });

  return {
    of,
    /** The workspace that a token was given out for; undefined for a token of none. */
    byToken(token: string): WorkspaceSettings | undefined {
      const known = Object.keys(exceptions).find((team) => of(team).bot_token === token);
      if (known !== undefined) return of(known);
      return all.bot_token === '' || all.bot_token === token ? all : undefined;
    },
    shown: () => ({ ...all, workspaces: exceptions }),
    reset() {
      all = initial;
      exceptions = {};
    },
    /** Takes the settings it knows; throws an Error that names the first bad one. */
    set(given: Record<string, unknown>): void {
      const { workspaces = {}, ...rest } = given;
      const changes = checked(rest, initial);
      const single = Object.entries(workspaces as Record<string, Record<string, unknown>>).map(
        ([team, settings]) => [team, checked(settings, initial)] as const,
      );
      all = { ...all, ...changes };
      for (const [team, settings] of single) exceptions[team] = { ...exceptions[team], ...settings };
    },
  };
}

function checked(given: Record<string, unknown>, initial: WorkspaceSettings): Partial<WorkspaceSettings> {
  for (const [key, value] of Object.entries(given)) {
    const known = initial[key as keyof WorkspaceSettings];
    if (known === undefined) throw new Error(`no setting is called ${key}`);
    if (typeof value !== typeof known) throw new Error(`${key} is not a ${typeof known}`);
  }
  return given as Partial<WorkspaceSettings>;
}
