/** Who a credential speaks for (TEN-2). */
export const ROLES = ['owner', 'admin', 'builder', 'operator', 'viewer', 'gateway'] as const;
export type Role = (typeof ROLES)[number];

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
