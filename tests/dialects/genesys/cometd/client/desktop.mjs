// An agent's desktop: CometD's own client, unmodified. It is started with its configuration as JSON, says what it hears
// as lines of JSON, and disconnects when its standard input is closed.
//
// url, transport ("long-polling" or "websocket"), ack, authorization (of its requests), subscriptions
import {createInterface} from "node:readline";
import {CometD} from "cometd";
import {AckExtension} from "cometd/AckExtension.js";
import {adapt} from "cometd-nodejs-client";

const wanted = JSON.parse(process.argv[2]);
const say = (what, message) => process.stdout.write(JSON.stringify({what, message}) + "\n");

adapt();
const cometd = new CometD();
cometd.configure({
    url: wanted.url,
    requestHeaders: wanted.authorization ? {Authorization: wanted.authorization} : {},
    backoffIncrement: 50,
    maxBackoff: 200,
    logLevel: wanted.logLevel || "error",
});
for (const other of ["websocket", "long-polling", "callback-polling"].filter(name => name !== wanted.transport)) {
    cometd.unregisterTransport(other);
}
if (wanted.ack) {
    cometd.registerExtension("ack", new AckExtension());
}
// The client has a subscription to "/**" hear its meta messages too.
const hear = event => event.channel.startsWith("/meta/") || say("event", event);
cometd.addListener("/meta/handshake", message => {
    say(message.successful ? "handshake" : "handshake failed", message);
    if (message.successful) {
        cometd.batch(() => wanted.subscriptions.forEach(channel =>
            cometd.subscribe(channel, hear, reply => say("subscribed", reply))));
    }
});
cometd.addListener("/meta/connect", message => say(message.successful ? "connect" : "connect failed", message));
cometd.addListener("/meta/unsuccessful", message => say("unsuccessful", message));
cometd.handshake();
createInterface({input: process.stdin}).on("close", () => cometd.disconnect(reply => {
    say("disconnected", reply);
    process.exit(0);
}));
