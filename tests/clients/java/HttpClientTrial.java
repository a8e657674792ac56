// The JDK's own HTTP client as it is by default: it offers HTTP/2 (`Upgrade: h2c`) with its first request.
// Run as it stands, by the JDK's launcher: `java HttpClientTrial.java`.

import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;

public class HttpClientTrial {
    static final String BASE = System.getenv("EMBEDINGEST_URL");
    static final String TEXT = "\"why is the sky blue?\"";
    static final double[] EXPECTED = numbers(System.getenv("EMBEDINGEST_EXPECTED"));

    static void claim(boolean holds, String what) {
        if (!holds) throw new AssertionError(what);
    }

    static HttpRequest request(HttpRequest.BodyPublisher body) {
        return HttpRequest.newBuilder(URI.create(BASE + "/api/embed")).header("Content-Type", "application/json").POST(body).build();
    }

    static String body(String model, String input) {
        return "{\"model\": \"" + model + "\", \"input\": " + input + "}";
    }

    static HttpRequest request(String model, String input) {
        return request(BodyPublishers.ofString(body(model, input)));
    }

    static List<double[]> vectors(HttpResponse<String> response) {
        claim(response.statusCode() == 200, response.statusCode() + " " + response.body());
        String text = response.body();
        text = text.substring(text.indexOf("[[") + 2, text.indexOf("]]"));
        List<double[]> rows = new ArrayList<>();
        for (String row : text.split("\\],\\[")) rows.add(numbers(row));
        return rows;
    }

    static double[] numbers(String row) {
        return Arrays.stream(row.split(",")).mapToDouble(Double::parseDouble).toArray();
    }

    static double near(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) sum += a[i] * b[i];
        return sum;
    }

    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        claim(client.version() == HttpClient.Version.HTTP_2, "this client does not offer HTTP/2");
        double[] one = vectors(client.send(request("all-minilm", TEXT), BodyHandlers.ofString())).get(0);
        claim(one.length == 384, "length " + one.length);
        claim(near(one, EXPECTED) > 0.9999, "it starts with " + one[0]);

        String three = "[\"why is the grass green?\", " + TEXT + ", \"third\"]";
        List<double[]> many = vectors(client.send(request("all-minilm", three), BodyHandlers.ofString()));
        claim(many.size() == 3 && near(many.get(1), one) > 0.9999 && near(many.get(0), one) < 0.9, "the batch differs");

        String longText = "\"" + "a long text about the sky and the grass. ".repeat(3000) + "\"";
        double[] of = vectors(client.send(request("all-minilm", longText), BodyHandlers.ofString())).get(0);
        claim(Math.abs(near(of, of) - 1) < 1e-4, "the long text has no unit vector");

        byte[] bytes = body("all-minilm", TEXT).getBytes(StandardCharsets.UTF_8);
        HttpRequest chunked = request(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(bytes)));
        claim(near(vectors(client.send(chunked, BodyHandlers.ofString())).get(0), one) > 0.9999, "in chunks it differs");

        List<CompletableFuture<HttpResponse<String>>> calls = new ArrayList<>();
        for (int i = 0; i < 20; i++) calls.add(client.sendAsync(request("all-minilm", TEXT), BodyHandlers.ofString()));
        for (CompletableFuture<HttpResponse<String>> call : calls) {
            claim(near(vectors(call.get()).get(0), one) > 0.9999, "one of many at once differs");
        }

        HttpResponse<String> unknown = client.send(request("nope", TEXT), BodyHandlers.ofString());
        claim(unknown.statusCode() == 404 && unknown.body().contains("not found"), "an unknown model gave " + unknown.body());
        System.out.println("java.net.http " + Runtime.version() + ": single, batch, long text, chunks, many at once, unknown model: ok");
    }
}
