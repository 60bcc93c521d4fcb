// What each person has read, kept in the browser: the sandbox itself knows no read marks.

const key = (person) => `read:${person}`;

function marks(person) {
  try {
    return JSON.parse(localStorage.getItem(key(person)) ?? "{}");
  } catch {
    return {};
  }
}

export function isUnread(person, channel) {
  return Number(channel.last_ts ?? 0) > Number(marks(person)[channel.id] ?? 0);
}

/** `channels`: those that exist, so that marks of gone ones are dropped. */
export function markRead(person, channel, ts, channels) {
  const kept = Object.entries(marks(person)).filter(([id]) => channels.has(id));
  const read = Object.fromEntries(kept);
  read[channel] = String(Math.max(Number(ts ?? 0), Number(read[channel] ?? 0)));
  localStorage.setItem(key(person), JSON.stringify(read));
}
