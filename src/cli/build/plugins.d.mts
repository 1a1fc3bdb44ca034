export function loadAsset(name: string): Promise<{ code: string; files: string[] }>;

interface PluginContext {
  addWatchFile(file: string): void;
}

export const viteAssetPlugin: {
  name: string;
  resolveId(id: string): string | undefined;
  load(this: PluginContext, id: string): Promise<string | undefined>;
};
