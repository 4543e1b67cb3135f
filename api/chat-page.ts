import { webchat } from './chat-session.ts';
import { escapeHtml, readPart, sendPage } from './page.ts';
import { openOperation } from './route.ts';
import { byChannelIntegration } from './shapes.ts';

const page = readPart('./chat-page/page.html');
const css = readPart('./chat-page/chat.css');
const script = readPart('./chat-page/chat.js');

/** One page for all web chats: a visitor's session, posts and stream (CON-5). */
export const chatPage = openOperation({
  summary: 'The web chat page',
  params: byChannelIntegration,
  answers: { 200: { type: 'text/html', description: 'The page' } },
  problems: [404],
  async serve({ res, params }, gateway) {
    const integration = await webchat(params.channel_integration, gateway);
    const title = escapeHtml(integration.settings['title'] ?? 'Chat');
    sendPage(res, page, { title, css, script, base: `/chat/${integration.id}` });
  },
});
