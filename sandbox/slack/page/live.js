// Server-sent events with reconnection: a lost stream is opened again, and the page then fetches everything anew.

const FIRST_RETRY_MS = 400;
const LAST_RETRY_MS = 5000;

/**
 * Calls `onNote(note)` for each note, `onLost()` when the stream breaks, `onBack()` when it is there again.
 * Resolves once the stream is open, or its first attempt has failed.
 */
export function listen({ onNote, onLost, onBack }) {
  return new Promise((started) => {
    let delay = FIRST_RETRY_MS;
    let lost = false;

    function open() {
      const stream = new EventSource("/sandbox/live");
      stream.onopen = () => {
        delay = FIRST_RETRY_MS;
        if (lost) onBack();
        lost = false;
        started();
      };
      stream.onmessage = (event) => onNote(JSON.parse(event.data));
      stream.onerror = () => {
        stream.close();
        lost = true;
        onLost();
        started();
        setTimeout(open, delay);
        delay = Math.min(delay * 2, LAST_RETRY_MS);
      };
    }

    open();
  });
}
