/** What the test libraries expect of every runtime and QuickJS in nginx lacks. Only for tests. */
class NoEventTarget {
  addEventListener(): void {}
  removeEventListener(): void {}
  dispatchEvent(): boolean {
    return true;
  }
}

class NoEvent {
  readonly type: string;
  constructor(type: string) {
    this.type = type;
  }
}

/** Just enough for a path beside a file. */
class FileUrl {
  readonly pathname: string;
  constructor(path: string, base: string) {
    const kept: string[] = [];
    for (const part of `${base.replace(/^file:\/\//, '').replace(/[^/]*$/, '')}${path}`.split('/')) {
      if (part === '..') kept.pop();
      else if (part !== '.') kept.push(part);
    }
    this.pathname = kept.join('/');
  }
}

Object.assign(globalThis, {
  EventTarget: NoEventTarget,
  Event: NoEvent,
  URL: FileUrl,
  Function: Object.getPrototypeOf(() => undefined).constructor,
});
