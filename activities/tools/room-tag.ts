import type { CrmRecord } from './crm-body.ts';
import { isBlank } from './field.ts';
import { refused } from './fields.ts';
import { actsOnRoom } from './room-tool.ts';
import { tagsField } from './tags.ts';

const TAGS = tagsField(true);

export const roomTag = actsOnRoom({
  nodeType: 'qontak_chat_room_tag',
  label: 'Create tag',
  description: 'Tags this conversation.',
  fields: [TAGS],
  problemsBetween: ({ tags }) => {
    const names = isBlank(tags) ? null : TAGS.fixed.parse(tags);
    return Array.isArray(names) && names.length === 0 ? [{ field: 'tags', message: 'has no tag' }] : [];
  },
  refusalOf: (values) =>
    tagsIn(values).length === 0 ? refused('empty_tags', 'There is no tag to set. Nothing was done.') : null,
  act: (rooms, ref, values, now) => rooms.tag(ref, tagsIn(values), now),
  result: (_done, values) => ({ tags: tagsIn(values) }),
});

function tagsIn({ tags }: CrmRecord): string[] {
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string') : [];
}
