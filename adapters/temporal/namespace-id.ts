import type { NativeConnection } from '@temporalio/worker';

/** The id that a namespace was given when it was made: another one under the same name is another namespace. */
export async function namespaceId(connection: NativeConnection, namespace: string): Promise<string> {
  const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace });
  const id = namespaceInfo?.id ?? '';
  if (id === '') throw new Error('the namespace has no id');
  return id;
}
