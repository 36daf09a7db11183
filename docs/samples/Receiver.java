import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import static java.nio.charset.StandardCharsets.UTF_8;

/**
 * A department that is pushed to: Java 17, nothing but the JDK. Everything it has lies in the folder STORE:
 * inbox/{leg}/ (messages, one file a key, and our number), outbox/ (notices that the portal does not have yet),
 * refused/ (notices that it will never take, with the reason).
 *
 *   SECRETS="whsec_…" STORE=store java Receiver.java 8080                        receives, and sends what lies in outbox/
 *   …                 java Receiver.java say LEG leg.in_review '"step": "现场勘察"'  lays a notice out
 *   …                 java Receiver.java grant LEG CODE NUMBER FILE.pdf           sends a result file and lays leg.granted out
 *   …     TOKEN=…     java Receiver.java paper URL FILE                           fetches a paper
 *   …                 java Receiver.java sign ID SECONDS < BODY                   prints a signature
 */
public class Receiver {
    static final String[] SECRETS = System.getenv("SECRETS").trim().split("\\s+");   // two while one is changed; the first signs
    static final Path STORE = Path.of(System.getenv().getOrDefault("STORE", "store"));
    static final HttpClient HTTP = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
    static final Set<Integer> AGAIN = Set.of(401, 408, 425, 429);   // 401: the clock, or a secret that is being changed
    static long last;

    static String signature(String secret, String id, String at, byte[] body) throws Exception {
        boolean sm3 = secret.startsWith("whsm3_");   // needs a provider that has SM3, for one Bouncy Castle
        Mac mac = Mac.getInstance(sm3 ? "HmacSM3" : "HmacSHA256");
        mac.init(new SecretKeySpec(Base64.getDecoder().decode(secret.substring("whsec_".length())), mac.getAlgorithm()));
        mac.update((id + "." + at + ".").getBytes(UTF_8));
        return (sm3 ? "v1sm3," : "v1,") + Base64.getEncoder().encodeToString(mac.doFinal(body));
    }

    static boolean genuine(HttpExchange call, byte[] body) throws Exception {
        String id = header(call, "webhook-id"), at = header(call, "webhook-timestamp");
        if (!at.matches("\\d{1,12}") || Math.abs(Instant.now().getEpochSecond() - Long.parseLong(at)) > 300) return false;
        for (String given : header(call, "webhook-signature").split(" "))
            for (String secret : SECRETS)
                if (MessageDigest.isEqual(signature(secret, id, at, body).getBytes(UTF_8), given.getBytes(UTF_8))) return true;
        return false;
    }

    static String header(HttpExchange call, String name) {
        return Objects.requireNonNullElse(call.getRequestHeaders().getFirst(name), "");
    }

    static void take(HttpExchange call) throws Exception {
        byte[] body = call.getRequestBody().readAllBytes();
        if (!genuine(call, body)) answer(call, 401, "{\"code\": \"signature_wrong\"}");
        else if (call.getRequestMethod().equals("GET")) found(call);
        else pushed(call, body);
    }

    /** The query: do we have this leg? */
    static void found(HttpExchange call) throws IOException {
        String leg = call.getRequestURI().getPath().replaceFirst(".*/", "");
        if (Files.exists(folder(leg).resolve("ref"))) answer(call, 200, "{\"ref\": " + quoted(number(leg)) + ", \"state\": \"received\"}");
        else answer(call, 404, "{}");
    }

    /** Stored before it is answered; the same key twice has one effect, and only leg.filed opens a case. */
    static synchronized void pushed(HttpExchange call, byte[] body) throws IOException {
        Map<?, ?> message = (Map<?, ?>) new Json(new String(body, UTF_8)).value();
        String type = text(message, "type"), leg = text(message, "data", "leg");
        Path ref = folder(leg).resolve("ref");
        if (type.equals("leg.transferred")) {   // another office's from now on; a filing up to this number is over
            keep(folder(leg).resolve("over"), String.valueOf(count(text(message, "data", "filed"))).getBytes(UTF_8));
            Files.deleteIfExists(ref);
        }
        if (type.equals("leg.transferred") || type.equals("leg.filed") && count(header(call, "Idempotency-Key")) <= over(leg)) {
            answer(call, 200, "{}");
            return;
        }
        boolean known = Files.exists(ref);
        if (!known && !type.equals("leg.filed")) {
            answer(call, 404, "{\"detail\": \"no such leg here\"}");
            return;
        }
        keep(folder(leg).resolve(header(call, "Idempotency-Key").replace(':', '_') + ".json"), body);
        if (!known) {   // what a kill leaves undone here is done when the push comes again
            say(leg, "leg.accepted", "");
            keep(ref, number(leg).getBytes(UTF_8));
        }
        answer(call, 200, "{\"ref\": " + quoted(number(leg)) + "}");
    }

    static int count(String key) { return Integer.parseInt(key.substring(key.lastIndexOf(':') + 1)); }

    static int over(String leg) throws IOException {
        Path over = folder(leg).resolve("over");
        return Files.exists(over) ? Integer.parseInt(Files.readString(over)) : 0;
    }

    static String number(String leg) { return "J-" + leg; }   // give your own

    static void answer(HttpExchange call, int status, String json) throws IOException {
        byte[] raw = json.getBytes(UTF_8);
        call.getResponseHeaders().set("Content-Type", "application/json");
        call.sendResponseHeaders(status, raw.length);
        call.getResponseBody().write(raw);
        call.close();
    }

    static Path folder(String leg) {
        if (!leg.matches("[A-Za-z0-9.-]{1,60}") || leg.startsWith(".")) throw new IllegalArgumentException("no leg: " + leg);
        return STORE.resolve("inbox").resolve(leg);
    }

    /** Whole and on the disk, or not at all. */
    static void keep(Path path, byte[] content) throws IOException {
        Files.createDirectories(path.getParent());
        Path fresh = path.resolveSibling(path.getFileName() + ".new");
        Files.write(fresh, content);
        try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) { channel.force(true); }
        Files.move(fresh, path, StandardCopyOption.ATOMIC_MOVE);
    }

    static Map<?, ?> filed(String leg) throws IOException {
        try (Stream<Path> all = Files.list(folder(leg))) {
            Path first = all.filter(path -> path.getFileName().toString().contains("_leg.filed_")).sorted().findFirst().orElseThrow();
            return (Map<?, ?>) new Json(Files.readString(first)).value();
        }
    }

    /** Lay a notice out, numbered by the clock so that its order counts; the sender takes it from there, also after a restart. */
    static synchronized void say(String leg, String type, String more) throws IOException {
        last = Math.max(last + 1, System.currentTimeMillis());
        String body = "{\"type\": \"" + type + "\", \"timestamp\": \"" + OffsetDateTime.now() + "\", \"data\": {\"leg\": \"" + leg
            + "\", \"seq\": " + last + ", \"ref\": " + quoted(number(leg))
            + (more.isBlank() ? "" : ", " + more) + "}}";
        String url = text(filed(leg), "data", "notices");
        keep(STORE.resolve("outbox").resolve(last + "-" + UUID.randomUUID() + ".json"), (url + "\n" + body).getBytes(UTF_8));
    }

    static HttpResponse<String> send(String url, String id, byte[] body, String... headers) throws Exception {
        String at = String.valueOf(Instant.now().getEpochSecond());
        return HTTP.send(HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(20)).headers(headers)
            .header("webhook-id", id).header("webhook-timestamp", at).header("webhook-signature", signature(SECRETS[0], id, at, body))
            .POST(HttpRequest.BodyPublishers.ofByteArray(body)).build(), HttpResponse.BodyHandlers.ofString());
    }

    /** A notice keeps its id over all attempts; time and signature are made anew. */
    static void sendOne(Path path) throws Exception {
        String[] parts = Files.readString(path).split("\n", 2);
        String id = path.getFileName().toString().replace(".json", "");
        HttpResponse<String> got = send(parts[0], id, parts[1].getBytes(UTF_8), "Content-Type", "application/json");
        System.out.println(got.statusCode() + " " + parts[1] + " " + got.body());
        if (got.statusCode() >= 500 || AGAIN.contains(got.statusCode())) throw new IOException("again later: " + got.body());
        if (got.statusCode() / 100 != 2) keep(STORE.resolve("refused").resolve(path.getFileName()), (parts[1] + "\n" + got.body()).getBytes(UTF_8));
        Files.delete(path);
    }

    static void sendAll() throws InterruptedException {
        for (long wait = 1; ; Thread.sleep(300)) {
            try (Stream<Path> all = Files.list(Files.createDirectories(STORE.resolve("outbox")))) {
                for (Path one : all.filter(path -> path.toString().endsWith(".json")).sorted().toList()) sendOne(one);
                wait = 1;
            } catch (Exception error) {
                System.out.println("notices wait " + wait + " s: " + error);
                Thread.sleep(wait * 1000);
                wait = Math.min(wait * 2, 600);
            }
        }
    }

    static void grant(String leg, String code, String number, Path file) throws Exception {
        String name = URLEncoder.encode(file.getFileName().toString(), UTF_8).replace("+", "%20");
        HttpResponse<String> got = send(text(filed(leg), "data", "notices").replaceFirst("/notices$", "/files"),
            UUID.randomUUID().toString(), Files.readAllBytes(file), "Content-Type", "application/pdf",
            "Content-Disposition", "attachment; filename*=UTF-8''" + name);
        if (got.statusCode() != 201) throw new IOException(got.statusCode() + " " + got.body());
        String id = text((Map<?, ?>) new Json(got.body()).value(), "file");
        say(leg, "leg.granted", "\"results\": [{\"material\": " + quoted(code) + ", \"number\": " + quoted(number) + ", \"files\": [\"" + id + "\"]}]");
    }

    static void paper(String url, Path file) throws Exception {
        HttpRequest call = HttpRequest.newBuilder(URI.create(url)).header("Authorization", "Bearer " + System.getenv("TOKEN")).build();
        HttpResponse<byte[]> got = HTTP.send(call, HttpResponse.BodyHandlers.ofByteArray());
        if (got.statusCode() != 200) throw new IOException(got.statusCode() + " " + new String(got.body(), UTF_8));
        Files.write(file, got.body());
    }

    static void listen(int port) throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 50);
        server.createContext("/push", call -> {
            try {
                take(call);
            } catch (Exception error) {
                error.printStackTrace();
                answer(call, 500, "{}");
            }
        });
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.start();
        sendAll();
    }

    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "say" -> say(args[1], args[2], args.length > 3 ? args[3] : "");
            case "grant" -> grant(args[1], args[2], args[3], Path.of(args[4]));
            case "paper" -> paper(args[1], Path.of(args[2]));
            case "sign" -> System.out.println(signature(SECRETS[0], args[1], args[2], System.in.readAllBytes()));
            default -> listen(Integer.parseInt(args[0]));
        }
    }

    static String text(Map<?, ?> from, String... way) {
        Object found = from;
        for (String key : way) found = ((Map<?, ?>) found).get(key);
        return (String) found;
    }

    static String quoted(String text) {
        return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"";
    }

    /** JSON as maps, lists, texts, doubles; the JDK has none. Use your library instead. */
    static class Json {
        final String text;
        int at;

        Json(String text) { this.text = text; }

        char next() {
            while (" \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
            return text.charAt(at);
        }

        Object value() {
            return switch (next()) {
                case '{' -> object();
                case '[' -> list();
                case '"' -> string();
                default -> word();
            };
        }

        Map<String, Object> object() {
            Map<String, Object> made = new LinkedHashMap<>();
            for (at++; next() != '}'; ) {
                if (text.charAt(at) == ',') at++;
                next();
                String key = string();
                next();
                at++;   // the colon
                made.put(key, value());
            }
            at++;
            return made;
        }

        List<Object> list() {
            List<Object> made = new ArrayList<>();
            for (at++; next() != ']'; ) {
                if (text.charAt(at) == ',') at++;
                made.add(value());
            }
            at++;
            return made;
        }

        String string() {
            StringBuilder made = new StringBuilder();
            for (at++; text.charAt(at) != '"'; at++) made.append(text.charAt(at) == '\\' ? escaped() : text.charAt(at));
            at++;
            return made.toString();
        }

        char escaped() {
            char mark = text.charAt(++at);
            if (mark == 'u') return (char) Integer.parseInt(text.substring(at + 1, (at += 4) + 1), 16);
            int known = "bfnrt".indexOf(mark);
            return known < 0 ? mark : "\b\f\n\r\t".charAt(known);
        }

        Object word() {
            int from = at;
            while (at < text.length() && ",]} \t\r\n".indexOf(text.charAt(at)) < 0) at++;
            String word = text.substring(from, at);
            return switch (word) {
                case "null" -> null;
                case "true", "false" -> Boolean.valueOf(word);
                default -> Double.valueOf(word);
            };
        }
    }
}
