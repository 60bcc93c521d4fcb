// Slack's timestamps ("1700000000.000100") as times and days in the reader's own zone.

const date = (ts) => new Date(Number(ts) * 1000);

export const time = (ts) => date(ts).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const full = (ts) => date(ts).toLocaleString([], { dateStyle: "full", timeStyle: "medium" });
export const sameDay = (one, other) => date(one).toDateString() === date(other).toDateString();

export function day(ts) {
  const midnight = new Date(Date.now()).setHours(0, 0, 0, 0);
  const days = Math.round((midnight - new Date(date(ts)).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return date(ts).toLocaleDateString([], { weekday: "long", month: "long", day: "numeric" });
}
