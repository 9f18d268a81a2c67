// lambda-local behind a server on loopback: `node lambda_local.cjs HANDLER_FILE PORT`. Its own watch
// mode is the same around the same call, but listens on every address.
'use strict';

const http = require('http');
const lambdaLocal = require('lambda-local');

lambdaLocal.getLogger().level = 'error';

const server = http.createServer((request, response) => {
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', async () => {
    try {
      const answer = await lambdaLocal.execute({
        event: JSON.parse(Buffer.concat(pieces)),
        lambdaPath: process.argv[2],
        lambdaHandler: 'handler',
        timeoutMs: 60000,
        verboseLevel: 0,
      });
      response.end(JSON.stringify(answer));
    } catch (error) {
      response.statusCode = 500;
      response.end(String(error));
    }
  });
});
server.listen(Number(process.argv[3]), '127.0.0.1');
