import type pg from 'pg';
import type { Caller, People } from '../api/ports.ts';
import { asOrganisation } from '../adapters/postgres/as-organisation.ts';
import type { MemberRole } from '../domain/role.ts';

const PEOPLE: { name: string; role: MemberRole; divisions: string[]; slackUserId: string }[] = [
  { name: 'Rina', role: 'operator', divisions: ['Sales', 'Support'], slackUserId: 'U0RINA' },
  { name: 'Bayu', role: 'operator', divisions: ['Sales'], slackUserId: 'U0BAYU' },
  { name: 'Maya', role: 'admin', divisions: ['Support'], slackUserId: 'U0MAYA' },
];

/** Who takes the conversations that the example agent hands over: there from the start, and behind the example key. */
const ON_DUTY = 'Rina';

/**
 * Two divisions and three persons, where the organisation never had any.
 * @param onSlack whether they are users of the stand-in's workspace too
 */
export async function ensurePeople(
  pool: pg.Pool,
  people: People,
  seeder: Caller,
  onSlack: boolean,
): Promise<void> {
  if (await hadPeople(pool, seeder.organisationId)) return;
  const ids = new Map<string, string>();
  for (const name of new Set(PEOPLE.flatMap(({ divisions }) => divisions))) {
    const made = await people.createDivision(seeder, { name });
    if (typeof made !== 'string') ids.set(name, made.id);
  }
  for (const { divisions, slackUserId, ...person } of PEOPLE) {
    const own = divisions.flatMap((name) => ids.get(name) ?? []);
    const slack = onSlack ? { slackUserId } : {};
    const made = await people.createMember(seeder, { ...person, ...slack, divisions: own });
    if (typeof made !== 'string' && person.name === ON_DUTY)
      await people.setPresence({ ...seeder, memberId: made.id }, { online: true });
  }
}

/** Those who were removed count: an example does not come back. */
async function hadPeople(pool: pg.Pool, organisationId: string): Promise<boolean> {
  const text = `
    select from members where organisation_id = $1 union all
    select from divisions where organisation_id = $1 limit 1`;
  const rows = await asOrganisation(pool, organisationId, (tenancy) =>
    tenancy.rows({ name: 'seed-had-people', text }, [organisationId]),
  );
  return rows.length > 0;
}

/** Makes the example operator's key that of the person on duty, as long as it is nobody's. */
export async function giveKeyToPersonOnDuty(
  pool: pg.Pool,
  organisationId: string,
  keyName: string,
): Promise<void> {
  const text = `
    update api_keys k set member_id = m.id from members m
    where k.organisation_id = $1 and k.name = $2 and k.member_id is null and k.revoked_at is null
      and m.organisation_id = $1 and m.name = $3 and m.role = k.role and m.deleted_at is null`;
  await asOrganisation(pool, organisationId, (tenancy) =>
    tenancy.rows({ name: 'seed-operator-key', text }, [organisationId, keyName, ON_DUTY]),
  );
}
