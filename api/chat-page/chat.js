'use strict';
(() => {
  const WORDS = {
    en: {
      label: 'Your message',
      send: 'Send',
      attach: 'Attach a file',
      too_large: 'This file is too large.',
      not_taken: 'Files like this cannot be sent here.',
      sending: 'Sending…',
      sent: 'Sent',
      failed: 'Not sent.',
      retry: 'Try again',
      transcript: 'Conversation',
      typing: 'An answer is being written…',
      away: 'Reconnecting…',
      about: 'An AI answers here; a person may take over.',
      from: { customer: 'You', agent: 'Agent', operator: 'A person' },
    },
    ar: {
      label: 'رسالتك',
      send: 'إرسال',
      attach: 'إرفاق ملف',
      too_large: 'هذا الملف كبير جدًا.',
      not_taken: 'لا يمكن إرسال ملفات كهذه هنا.',
      sending: 'جارٍ الإرسال…',
      sent: 'أُرسلت',
      failed: 'لم تُرسل.',
      retry: 'إعادة المحاولة',
      transcript: 'المحادثة',
      typing: 'يُكتب الرد الآن…',
      away: 'جارٍ إعادة الاتصال…',
      about: 'يجيب هنا ذكاء اصطناعي، وقد يتولى المحادثة شخص.',
      from: { customer: 'أنت', agent: 'الوكيل', operator: 'موظف' },
    },
    id: {
      label: 'Pesan Anda',
      send: 'Kirim',
      attach: 'Lampirkan berkas',
      too_large: 'Berkas ini terlalu besar.',
      not_taken: 'Berkas seperti ini tidak dapat dikirim di sini.',
      sending: 'Mengirim…',
      sent: 'Terkirim',
      failed: 'Tidak terkirim.',
      retry: 'Coba lagi',
      transcript: 'Percakapan',
      typing: 'Jawaban sedang ditulis…',
      away: 'Menyambung kembali…',
      about: 'Yang menjawab di sini adalah AI; petugas dapat mengambil alih.',
      from: { customer: 'Anda', agent: 'Agen', operator: 'Petugas' },
    },
  };
  const language = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in WORDS) ?? 'en';
  const words = WORDS[language];
  document.documentElement.lang = language;
  document.documentElement.dir = language === 'ar' ? 'rtl' : 'ltr';

  const base = document.body.dataset.base;
  const [transcript, typing, connection, composer, text, attach, file] = [
    'transcript',
    'typing',
    'connection',
    'composer',
    'text',
    'attach',
    'file',
  ].map((id) => document.getElementById(id));
  document.getElementById('text-label').textContent = words.label;
  document.getElementById('send').textContent = words.send;
  document.getElementById('typing-words').textContent = words.typing;
  document.getElementById('about').textContent = words.about;
  text.placeholder = words.label;
  attach.setAttribute('aria-label', words.attach);
  attach.title = words.attach;
  transcript.setAttribute('aria-label', words.transcript);

  // What the server has not confirmed survives a reload, under the id it was first sent with.
  const outboxKey = `parley-outbox:${base}`;
  const shown = new Map(); // the server's message id → bubble
  const unconfirmed = []; // messages of our own, oldest first
  const held = []; // the customer's lines that may be ours: they wait for the posts under way
  let posting = 0;
  let typingTimer;

  function bubble(from, words_) {
    const item = document.createElement('li');
    item.className = from;
    const who = document.createElement('span');
    who.className = 'unseen';
    who.textContent = `${words.from[from]}: `;
    const said = document.createElement('p');
    said.className = 'words';
    said.dir = 'auto';
    // Text only: nothing a customer, a model or an operator wrote is ever markup here.
    said.textContent = words_;
    item.append(who, said);
    return item;
  }

  const isAtEnd = () => transcript.scrollHeight - transcript.scrollTop - transcript.clientHeight < 80;
  const goToEnd = () => (transcript.scrollTop = transcript.scrollHeight);
  let atEnd = true;
  transcript.addEventListener('scroll', () => (atEnd = isAtEnd()));
  // The line below the transcript takes room from it, and so does a phone's keyboard.
  new ResizeObserver(() => atEnd && goToEnd()).observe(transcript);

  function place(item) {
    const stay = isAtEnd();
    transcript.append(item);
    // What is not confirmed yet stays below what is.
    for (const mine of unconfirmed) if (mine.item !== item) transcript.append(mine.item);
    if (stay || item.classList.contains('customer')) goToEnd();
  }

  // What the browser may show as a picture; the server has looked at the bytes before it says so.
  const PICTURE = /^image\/(png|jpeg|gif|webp)$/;

  function showPicture(item, id, media) {
    if (media.state !== 'stored' || !PICTURE.test(media.mime_type)) return;
    const picture = document.createElement('img');
    picture.alt = media.name ?? '';
    picture.src = `${base}/files/${id}`;
    picture.addEventListener('load', () => atEnd && goToEnd());
    item.querySelector('.words').replaceChildren(picture);
  }

  function setState(mine, state) {
    mine.item.classList.toggle(
      'failed',
      state === 'failed' || state === 'too_large' || state === 'not_taken',
    );
    mine.state.textContent = words[state];
    if (state !== 'failed') return;
    const retry = document.createElement('button');
    retry.type = 'button';
    retry.textContent = words.retry;
    retry.addEventListener('click', () => void deliver(mine));
    mine.state.append(retry);
  }

  function saveOutbox() {
    try {
      const told = unconfirmed.filter((mine) => mine.file === undefined);
      localStorage.setItem(outboxKey, JSON.stringify(told.map(({ id, said }) => ({ id, said }))));
    } catch {
      // Storage may be full or forbidden; then a reload forgets what was not sent.
    }
  }

  function addMine(id, said, file) {
    const mine = { id, said, file, item: bubble('customer', said), state: document.createElement('span') };
    mine.state.className = 'state';
    mine.item.append(document.createElement('br'), mine.state);
    unconfirmed.push(mine);
    place(mine.item);
    saveOutbox();
    return mine;
  }

  function confirm(mine, messageId) {
    unconfirmed.splice(unconfirmed.indexOf(mine), 1);
    saveOutbox();
    if (shown.has(messageId)) return mine.item.remove();
    shown.set(messageId, mine.item);
    setState(mine, 'sent');
    if (mine.file !== undefined)
      showPicture(mine.item, messageId, { state: 'stored', mime_type: mine.file.type, name: mine.said });
    awaitAnswer();
  }

  async function request(path, body) {
    return fetch(`${base}${path}`, {
      method: 'POST',
      credentials: 'same-origin',
      signal: AbortSignal.timeout(15_000),
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  async function upload(mine) {
    const about = new URLSearchParams({ id: mine.id, name: mine.said });
    return fetch(`${base}/files?${about}`, {
      method: 'POST',
      credentials: 'same-origin',
      signal: AbortSignal.timeout(120_000),
      headers: { 'content-type': mine.file.type || 'application/octet-stream' },
      body: mine.file,
    });
  }

  async function beginSession() {
    const answer = await request('/session', {});
    if (!answer.ok) throw new Error(`session: ${answer.status}`);
  }

  async function deliver(mine) {
    setState(mine, 'sending');
    posting += 1;
    const messageId = await post(mine);
    posting -= 1;
    if (messageId === null) setState(mine, mine.refused ?? 'failed');
    else confirm(mine, messageId);
    if (posting === 0) held.splice(0).forEach(show);
  }

  // The same id every time: whatever happened to an earlier try, the message is stored once.
  async function post(mine) {
    for (let attempt = 0; attempt < 4; attempt += 1) {
      if (attempt > 0) await pause(1000 * 2 ** attempt);
      try {
        const answer = await (mine.file === undefined
          ? request('/messages', { id: mine.id, text: mine.said })
          : upload(mine));
        if (answer.ok) return (await answer.json()).message_id;
        if (answer.status === 401) await beginSession();
        else if (answer.status === 429) await pause(1000 * Number(answer.headers.get('retry-after') ?? 1));
        else if (answer.status < 500) {
          mine.refused = { 413: 'too_large', 415: 'not_taken', 422: 'not_taken' }[answer.status];
          return null;
        }
      } catch {
        // The network is away; the next attempt tells.
      }
    }
    return null;
  }

  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  function awaitAnswer(since = Date.now()) {
    const left = since + 90_000 - Date.now();
    clearTimeout(typingTimer);
    typing.hidden = left <= 0;
    typingTimer = setTimeout(() => (typing.hidden = true), left);
  }

  function show(line) {
    if (shown.has(line.id)) return;
    if (line.from === 'customer') {
      if (posting > 0) return void held.push(line);
      awaitAnswer(Date.parse(line.at));
    } else {
      typing.hidden = true;
    }
    const item = bubble(line.from, line.text);
    if (line.media !== undefined) showPicture(item, line.id, line.media);
    shown.set(line.id, item);
    place(item);
  }

  function listen() {
    const stream = new EventSource(`${base}/stream`);
    stream.onopen = () => (connection.textContent = '');
    stream.onmessage = (event) => show(JSON.parse(event.data));
    stream.onerror = () => {
      connection.textContent = words.away;
      // Refused rather than cut: the browser gives up, so we begin again. What is shown already is not shown twice.
      if (stream.readyState === EventSource.CLOSED) setTimeout(() => void start(), 3000);
    };
  }

  async function start() {
    try {
      await beginSession();
      listen();
    } catch {
      connection.textContent = words.away;
      setTimeout(() => void start(), 3000);
    }
  }

  composer.addEventListener('submit', (event) => {
    event.preventDefault();
    const said = text.value.trim();
    if (said === '') return;
    text.value = '';
    text.focus();
    void deliver(addMine(newId(), said));
  });
  text.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    composer.requestSubmit();
  });

  attach.addEventListener('click', () => file.click());
  file.addEventListener('change', () => {
    for (const chosen of file.files) void deliver(addMine(newId(), chosen.name, chosen));
    file.value = '';
  });

  // crypto.randomUUID is missing on plain http.
  function newId() {
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
      byte.toString(16).padStart(2, '0'),
    ).join('');
  }

  function readOutbox() {
    try {
      return JSON.parse(localStorage.getItem(outboxKey) ?? '[]');
    } catch {
      return []; // Storage is forbidden, or holds something that is not ours.
    }
  }

  const left = readOutbox().map(({ id, said }) => addMine(id, said));
  void start().then(() => left.forEach((mine) => void deliver(mine)));
})();
