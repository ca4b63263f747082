// A whole OpenID provider, for tests: anybody logs in by name, and has the claims of PEOPLE.
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { issuer, port, folder, client, people, jwks, inToken } = JSON.parse(process.env.PROVIDER);
const found = createRequire(pathToFileURL(`${folder}/package.json`)).resolve('oidc-provider');
const { Provider } = await import(pathToFileURL(found));

const provider = new Provider(issuer, {
  clients: [client],
  jwks,
  claims: {
    openid: ['sub'],
    profile: ['name', 'preferred_username'],
    email: ['email'],
    groups: ['groups'],
  },
  scopes: ['openid', 'profile', 'email', 'groups'],
  conformIdTokenClaims: !inToken,
  pkce: { required: () => true },
  cookies: { keys: ['only a test'] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
});
provider.listen(port, '127.0.0.1', () => console.log('listening'));
