// A backend that does nothing itself: two bytes for a GET, and websockets that echo.
const crypto = require("crypto");
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, section 1.3
const server = require("http").createServer((request, answer) => {
  answer.writeHead(200, {"Content-Type": "application/octet-stream", "Content-Length": 2});
  answer.end("ok");
});
server.keepAliveTimeout = 60000;
server.on("upgrade", (request, socket) => {
  const key = request.headers["sec-websocket-key"];
  const accept = crypto.createHash("sha1").update(key + GUID).digest("base64");
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.pipe(socket); // the client's mask stays on the frames, and the client takes it off
});
server.listen(9000);
