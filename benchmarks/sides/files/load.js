// Requests over kept-alive TLS connections for some seconds; prints how many were answered.
const https = require("https");
const [address, port, path, connections, seconds] = process.argv.slice(2);
const agent = new https.Agent({keepAlive: true, maxSockets: Number(connections)});
const options = {
  host: address, port, path, agent, servername: "localhost", rejectUnauthorized: false,
  headers: {Host: `localhost:${port}`},
};
const end = Date.now() + 1000 * seconds;
let good = 0, bad = 0, open = Number(connections);
const next = () => {
  if (Date.now() > end) {
    if (--open === 0) { console.log(JSON.stringify({good, bad})); process.exit(0); }
    return;
  }
  https.get(options, (answer) => {
    answer.resume();
    answer.on("end", () => { answer.statusCode === 200 ? good++ : bad++; next(); });
  }).on("error", () => { bad++; setTimeout(next, 10); });
};
for (let number = 0; number < connections; number++) next();
