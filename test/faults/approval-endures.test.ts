import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStandIns } from '../../dev/stand-ins/open-stand-ins.ts';
import { eventually } from './eventually.ts';
import { messageIn, post } from './gateway-client.ts';
import { openHistories } from './histories.ts';
import { openInstallation, wholeJournal } from './installation.ts';
import { allSettled } from './reckoning.ts';
import { openRecords } from './records.ts';
import { repliesIn } from './receiver.ts';

const RUNS = 5;
const ROOM = 'endures';
const CALL_ROOM = 'lasting-call';
const ASK = 'submit_action_request';

describe('a request to operators over the end of everything', function () {
  this.timeout(240_000);

  it('APR-3 APR-5 is decided after five further runs and a restart of all, told once, and its call made once', async () => {
    // The receiver must remember longer than the installation lives.
    const outside = await openStandIns();
    const dataDir = mkdtempSync(join(tmpdir(), 'parley-endures-'));
    const open = () =>
      openInstallation({
        waitSeconds: 0,
        dataDir,
        anywhere: true,
        env: { EGRESS_ALLOW: new URL(outside.url).host, TURNS_PER_RUN: '1' },
      });
    let installation = await open();
    let records = openRecords(installation.stage.database.ownerUrl);
    try {
      const { ask } = installation;
      const dev = installation.stage.dev();
      await ask('admin', 'PUT', '/v1/feature-flags', { actions_center: true });
      const note = {
        name: 'note_once',
        description: 'Writes a note.',
        method: 'POST',
        url: `${outside.url}/sink/notes`,
        body: { room: '{{message_text}}' },
      };
      const tools = [
        { node_type: ASK, fields: {} },
        { node_type: 'api', needs_approval: 'always', fields: note },
      ];
      await installation.setAgent({ personalities: {}, natural_language_escalation: false, tools });
      const channel = await ask<{ id: string }>('admin', 'POST', '/v1/channels', {
        kind: 'generic',
        name: 'to a receiver outside',
        agent_id: dev.agent,
        settings: { reply_url: `${outside.url}/sink/replies` },
        secrets: { signing_secret: dev.secrets.webhook_signing_secret },
      });
      const say = async (text: string, count: number, room = ROOM) => {
        const now = installation.stage.dev();
        const to = { ...now, channels: { ...now.channels, generic: channel.id } };
        const { conversationId } = await post(to, messageIn(room, text));
        await allSettled(records, room, count, 60_000);
        return conversationId;
      };
      const given = { request_type: 'refund', request_details: 'Twelve euros', priority: 'high' };
      const script = [
        { when: 'my money back', times: 1, tool_calls: [{ name: ASK, arguments: given }] },
        { when: 'note this', times: 1, tool_calls: [{ name: 'api_note_once', arguments: {} }] },
      ];
      await installation.setModel({ script });
      const conversation = await say('I want my money back', 1);
      for (let n = 0; n < RUNS; n++) await say(`Line ${n}`, n + 2);
      const noted = await say('Please note this', 1, CALL_ROOM);
      for (let n = 0; n < RUNS; n++) await say(`Line ${n}`, n + 2, CALL_ROOM);
      const path = '/v1/approvals?status=pending';
      const { data } = await ask<{ data: { id: string; conversation_id: string }[] }>('viewer', 'GET', path);
      assert.equal(data.length, 2);
      const decisionOn = (id: string) =>
        `/v1/approvals/${data.find((each) => each.conversation_id === id)?.id}/decision`;
      const histories = await openHistories(installation.stage.dev());
      const runs = await eventually('its runs are listed', async () => {
        const listed = await histories.runs(conversation);
        return listed.length > RUNS && listed;
      });
      await histories.close();

      const names = ['api', 'worker', 'temporal', 'postgres'];
      await Promise.all(names.map((name) => installation.stage.kill(name)));
      await records.close();
      await installation.stage.stop();
      installation = await open();
      records = openRecords(installation.stage.database.ownerUrl);

      const deciding = decisionOn(conversation);
      const decision = { decision: 'approve', response: 'It is on its way.' };
      const { status } = await installation.ask<{ status: string }>('operator', 'POST', deciding, decision);
      assert.equal(status, 'approved');
      const began = performance.now();
      const heard = async () => repliesIn(await wholeJournal(`${outside.url}/sink/replies/journal`), ROOM);
      const outcomes = async () => (await heard()).filter(({ kind }) => kind === 'outcome');
      await eventually('it is told', async () => (await outcomes()).length > 0);
      const toldMs = Math.round(performance.now() - began);
      await assert.rejects(installation.ask('operator', 'POST', deciding, { decision: 'deny' }), /409/);
      await installation.ask('operator', 'POST', decisionOn(noted), { decision: 'approve' });
      const calls = async () => wholeJournal(`${outside.url}/sink/notes/journal`);
      await eventually('the call is made', async () => (await calls()).length > 0);
      // Two more runs carry on what is told already.
      await say('Thank you', RUNS + 2);
      await say('Bye', RUNS + 3);
      const told = await outcomes();
      assert.deepEqual(
        told.map(({ text, posts }) => [text, posts]),
        [['It is on its way.', 1]],
      );
      assert.equal((await heard()).length, RUNS + 4);
      await say('Thank you', RUNS + 2, CALL_ROOM);
      assert.equal((await calls()).length, 1, 'the approved call is made once');
      console.log(
        `      ${runs.length} runs, then all killed and started; told once, ${toldMs} ms after the decision`,
      );
    } finally {
      await records.close();
      await installation.stage.stop();
      await outside.close();
      rmSync(dataDir, { recursive: true, force: true });
    }
  });
});
