// The sandbox's control API, as one person uses it.

const PREFIX = "/sandbox/";

export class Refused extends Error {
  constructor(code, answer) {
    super(code);
    this.answer = answer;
  }
}

async function call(path, options) {
  let response;
  try {
    response = await fetch(PREFIX + path, options);
  } catch {
    throw new Refused("the sandbox does not answer", {});
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(answer.error ?? `HTTP ${response.status}`, answer);
  return answer;
}

const get = (path, query) => {
  const given = Object.entries(query).filter(([, value]) => value);
  return call(`${path}?${new URLSearchParams(given)}`, { cache: "no-store" });
};

async function post(path, body) {
  const answer = await call(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (answer.ok === false && answer.error) throw new Refused(answer.error, answer);
  return answer;
}

/** Every call speaks as `who()`, a user id; undefined lets the sandbox choose the first person. */
export function connect(who) {
  const as = (body) => ({ as: who(), ...body });
  return {
    state: () => get("state", as({})),
    messages: (channel, thread) => get("messages", as({ channel, thread_ts: thread })),
    views: () => get("views", as({})),
    home: () => get("home", as({})),
    say: (channel, text, thread) => post("say", as({ channel, text, ...(thread && { thread_ts: thread }) })),
    react: (channel, ts, name, remove) => post("react", as({ channel, ts, name, remove })),
    pin: (channel, ts, remove) => post("pin", as({ channel, ts, remove })),
    click: (action) => post("click", as(action)),
    command: (channel, command, text) => post("command", as({ channel, command, text })),
    shortcut: (callback, target = {}) => post("shortcut", as({ callback_id: callback, ...target })),
    submit: (view, values) => post("submit", as({ view_id: view, values })),
    close: (view) => post("close", as({ view_id: view })),
    openHome: (tab) => post("home/open", as({ tab })),
    join: (channel) => post("join", as({ channel })),
    createChannel: (name) => post("create_channel", as({ name })),
  };
}
