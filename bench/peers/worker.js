// The no-op handler as a worker. `/cold/NAME` is a worker loaded when it is first asked for.
const CODE = `
export default {
  async fetch(request) {
    const event = await request.json();
    return Response.json({ message: 'Hello ' + event.name });
  },
};`;

export default {
  async fetch(request, env) {
    const path = new URL(request.url).pathname;
    if (path.startsWith('/cold/')) {
      const worker = env.LOADER.get(path, () => ({
        compatibilityDate: '2026-01-01',
        mainModule: 'main.js',
        modules: { 'main.js': CODE },
      }));
      return worker.getEntrypoint().fetch(request);
    }
    const event = await request.json();
    return Response.json({ message: 'Hello ' + event.name });
  },
};
