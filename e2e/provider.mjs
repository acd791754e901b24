// A real OpenID Connect provider for crates/server/tests/http/oidc.rs: node provider.mjs REDIRECT_URI.
// Says where it listens, and signs in whom /mode?sub=… names; /mode also makes it misbehave.
import http from "node:http";
import Provider from "oidc-provider";

const server = http.createServer();
await new Promise(done => server.listen(0, "127.0.0.1", done));
const base = `http://127.0.0.1:${server.address().port}`;
let mode = {};

const provider = new Provider(base, {
  clients: [{ client_id: "hangtu", client_secret: "a secret of the plant's provider", redirect_uris: [process.argv[2]] }],
  cookies: { keys: ["only for tests"] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  loadExistingGrant: async ctx => {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope("openid");
    await grant.save();
    return grant;
  },
});

provider.use(async (ctx, next) => {
  // Another nonce than the one that was asked for, in a token that is signed well.
  if (ctx.path === "/auth" && mode.nonce) ctx.query = { ...ctx.query, nonce: mode.nonce };
  await next();
  // Another subject in a token that was signed for somebody else.
  if (ctx.path === "/token" && mode.tamper && ctx.body.id_token) {
    const [head, body, signature] = ctx.body.id_token.split(".");
    const claims = { ...JSON.parse(Buffer.from(body, "base64url")), sub: mode.tamper };
    ctx.body = { ...ctx.body, id_token: [head, Buffer.from(JSON.stringify(claims)).toString("base64url"), signature].join(".") };
  }
});

const answer = provider.callback();
server.on("request", async (request, response) => {
  const url = new URL(request.url, base);
  if (url.pathname === "/mode") {
    mode = Object.fromEntries(url.searchParams);
    return response.end();
  }
  if (url.pathname.startsWith("/interaction/")) {
    return provider.interactionFinished(request, response, { login: { accountId: mode.sub } });
  }
  answer(request, response);
});
console.log(base);
