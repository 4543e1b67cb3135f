/** Who a credential speaks for (TEN-2). */
export const ROLES = ['owner', 'admin', 'builder', 'operator', 'viewer', 'gateway'] as const;
export type Role = (typeof ROLES)[number];

/** What a person may be. The owner is the installation's, a gateway is a program. */
export const MEMBER_ROLES = ['admin', 'builder', 'operator', 'viewer'] as const;
export type MemberRole = (typeof MEMBER_ROLES)[number];

const INCLUDES: Readonly<Record<Role, readonly Role[]>> = {
  owner: ['owner'],
  admin: ['admin', 'builder', 'operator', 'viewer'],
  builder: ['builder', 'viewer'],
  operator: ['operator', 'viewer'],
  viewer: ['viewer'],
  gateway: ['gateway'],
};

/** Admin includes builder and operator, both include viewer; owner and gateway stand alone (TEN-2). */
export function roleAllows(role: Role, needed: Role): boolean {
  return INCLUDES[role].includes(needed);
}
