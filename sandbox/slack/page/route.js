// The address says who you are and where: /?as=U1#/C1, #/C1/thread/<ts>, #/C1/at/<ts>, #/home.

export function here() {
  const as = new URLSearchParams(location.search).get("as") ?? undefined;
  const [place = "", kind = "", ts = ""] = location.hash.replace(/^#\/?/, "").split("/");
  return {
    as,
    home: place === "home",
    channel: place && place !== "home" ? place : null,
    thread: kind === "thread" && ts ? ts : null,
    at: kind === "at" && ts ? ts : null,
  };
}

export const toChannel = (channel) => `#/${channel}`;
export const toThread = (channel, ts) => `#/${channel}/thread/${ts}`;
export const toMessage = (channel, ts) => `#/${channel}/at/${ts}`;
export const toHome = () => "#/home";

export function go(hash) {
  if (location.hash !== hash) location.hash = hash;
}

export function become(person, hash) {
  const query = new URLSearchParams(location.search);
  query.set("as", person);
  history.pushState(null, "", `?${query}${hash}`);
}
