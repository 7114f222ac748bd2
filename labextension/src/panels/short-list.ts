/** Some names in little room: the first ones, and how many more there are. */
export function shortList(names: readonly string[], characters: number): string {
  const shown: string[] = [];
  for (const name of names) {
    if (shown.length && [...shown, name].join(', ').length > characters) {
      break;
    }
    shown.push(name);
  }
  const more = names.length - shown.length;
  return more ? `${shown.join(', ')} +${more}` : shown.join(', ');
}

/** A text cut to so many characters, the last of which says that it was cut. */
export function shortened(text: string, characters: number): string {
  return text.length > characters ? `${text.slice(0, characters - 1)}…` : text;
}
