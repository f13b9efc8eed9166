/**
 * A video and its extensions belong together: which cards stand in one chain, in which order.
 */

/**
 * Chains, in the order in which their first member comes; a video without extensions is a chain of one.
 * @param cards what the server says of videos, newest first
 */
export function chains(cards) {
  const byTask = new Map(cards.filter((card) => card.kie_task_id).map((card) => [card.kie_task_id, card]));
  const rooted = new Map();
  for (const card of cards) {
    const root = rootOf(card, byTask);
    if (!rooted.has(root)) rooted.set(root, []);
    rooted.get(root).push(card);
  }
  return [...rooted.values()].map(inOrder);
}

function rootOf(card, byTask) {
  const seen = new Set();
  let root = card;
  while (!seen.has(root)) {
    seen.add(root);
    const parent = root.parent_task_id && root.parent_task_id !== root.kie_task_id ? byTask.get(root.parent_task_id) : null;
    if (!parent || seen.has(parent)) break;
    root = parent;
  }
  return root;
}

/** A parent before its extensions; of two extensions of one video, the earlier first. */
function inOrder(members) {
  const oldestFirst = [...members].reverse();
  const isMember = new Set(members.map((each) => each.kie_task_id));
  const ordered = [];
  const add = (card) => {
    if (ordered.includes(card)) return;
    ordered.push(card);
    if (card.kie_task_id) oldestFirst.filter((each) => each.parent_task_id === card.kie_task_id).forEach(add);
  };
  oldestFirst.filter((each) => !isMember.has(each.parent_task_id)).forEach(add);
  oldestFirst.forEach(add); // what refers to itself, or in a circle
  return ordered;
}
