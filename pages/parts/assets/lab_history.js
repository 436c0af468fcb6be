// Undo and redo: what stood on the board before, and what was taken back.

const MOST = 200;

/** current() is what stands there now; restore(state) puts another there. */
export function takenBack(current, restore) {
  const past = [];
  const future = [];

  function travel(one, other) {
    if (!one.length) return;
    other.push(current());
    restore(one.pop());
  }

  return {
    /** Keep what stands there now, before it changes. */
    remember() {
      past.push(current());
      if (past.length > MOST) past.shift();
      future.length = 0;
    },
    undo: () => travel(past, future),
    redo: () => travel(future, past),
    get canUndo() {
      return past.length > 0;
    },
    get canRedo() {
      return future.length > 0;
    },
  };
}

/** Ctrl+Z, Ctrl+Y and Ctrl+Shift+Z on the page, wherever nobody types; what it returns ends that. */
export function undoKeys(history) {
  const pressed = (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.target.matches("textarea, input")) return;
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) history.undo();
    else if (key === "y" || (key === "z" && event.shiftKey)) history.redo();
    else return;
    event.preventDefault();
  };
  document.addEventListener("keydown", pressed);
  return () => document.removeEventListener("keydown", pressed);
}
