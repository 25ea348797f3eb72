package dev.metakey.server.transport;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.server.engine.Defects;
import dev.metakey.server.files.SocketAccess;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.embedded.EmbeddedChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.ImmediateEventExecutor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class HttpEndpointTest {
  private static final CompletableFuture<HttpAnswer> LATER = new CompletableFuture<>();
  private static final CompletableFuture<String> LATER_ASKED = new CompletableFuture<>();

  private static final Map<String, HttpPage> PAGES =
      Map.of(
          "/page", query -> HttpAnswer.text(200, "the page, asked for '" + query + "'"),
          "/broken", query -> HttpAnswer.text(200, (String) null),
          "/slow",
              (HttpPage.Slow)
                  query -> {
                    LATER_ASKED.complete("it was asked");
                    return LATER;
                  },
          "/other", query -> new HttpAnswer(204, "x/y", Map.of("X-More", "1"), new byte[0]));

  @TempDir private Path directory;
  private final List<HttpEndpoint> started = new ArrayList<>();

  private HttpEndpoint start(SocketAddress address, SocketAccess access) throws Exception {
    HttpEndpoint endpoint = new HttpEndpoint(address, access, PAGES, null);
    started.add(endpoint);
    endpoint.start();
    return endpoint;
  }

  private HttpEndpoint startOnTcp() throws Exception {
    return start(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), SocketAccess.EVERYBODY);
  }

  private SocketAddress tcp() throws Exception {
    return startOnTcp().listensAt();
  }

  private UnixDomainSocketAddress unix() {
    return UnixDomainSocketAddress.of(directory.resolve("h.sock"));
  }

  @AfterEach
  void stop() throws Exception {
    for (HttpEndpoint endpoint : started) {
      endpoint.close();
    }
  }

  @Test
  void get_whenThePageIsThere_answersWholeAndCloses() throws Exception {
    assertThat(Http.get(tcp(), "/page?a=1&b"))
        .startsWith("HTTP/1.1 200 OK\r\n")
        .contains("\r\ncontent-type: text/plain; charset=utf-8\r\n")
        .contains("\r\ncontent-length: 27\r\n")
        .contains("\r\nconnection: close\r\n")
        .contains("\r\nX-Content-Type-Options: nosniff\r\n")
        .endsWith("\r\n\r\nthe page, asked for 'a=1&b'");
  }

  @Test
  void get_whenAPageHasHeadersOfItsOwn_sendsThem() throws Exception {
    assertThat(Http.get(tcp(), "/other"))
        .startsWith("HTTP/1.1 204 No Content\r\n")
        .contains("\r\ncontent-type: x/y\r\n")
        .contains("\r\nX-More: 1\r\n");
  }

  @Test
  void head_sendsNoBody() throws Exception {
    assertThat(Http.say(tcp(), "HEAD /page HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .startsWith("HTTP/1.1 200 OK\r\n")
        .contains("\r\ncontent-length: 22\r\n")
        .endsWith("\r\n\r\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost",
        "localhost:8080",
        "127.0.0.1",
        "127.0.0.1:9464",
        "127.1.2.3",
        "[::1]:1"
      })
  void get_whenTheHostIsThisOne_answers(String host) throws Exception {
    assertThat(Http.say(tcp(), "GET /page HTTP/1.1\r\nHost: " + host + "\r\n\r\n"))
        .startsWith("HTTP/1.1 200 ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Host: evil.example\r\n",
        "Host: evil.example:9464\r\n",
        "Host: localhost.evil.example\r\n",
        "Host: 127.0.0.1.evil.example\r\n",
        "Host: localhost@evil.example\r\n",
        "Host:\r\n",
        "Host: localhost\r\nHost: evil.example\r\n",
      })
  void get_whenTheHostIsAnotherOne_isRefused(String headers) throws Exception {
    assertThat(Http.say(tcp(), "GET /page HTTP/1.1\r\n" + headers + "\r\n"))
        .startsWith("HTTP/1.1 403 ")
        .endsWith("say localhost or 127.0.0.1 in 'Host'\n");
  }

  @ParameterizedTest
  @CsvSource({
    "same-origin, cors, 200",
    "none, navigate, 200",
    "cross-site, navigate, 200",
    "cross-site, cors, 403",
    "cross-site, no-cors, 403",
    "same-site, cors, 403",
  })
  void get_whenABrowserAsksForAPage_tellsOnlyPagesFromHere(String site, String mode, int status)
      throws Exception {
    String headers = "Sec-Fetch-Site: %s\r\nSec-Fetch-Mode: %s\r\n".formatted(site, mode);

    assertThat(Http.say(tcp(), "GET /page HTTP/1.1\r\nHost: localhost\r\n" + headers + "\r\n"))
        .startsWith("HTTP/1.1 " + status + " ");
  }

  @Test
  void answers_tellBrowsersToKeepThemFromOtherPages() throws Exception {
    for (String target : List.of("/page", "/nothing")) {
      assertThat(Http.get(tcp(), target))
          .contains("\r\nContent-Security-Policy: default-src 'none'; script-src 'self';")
          .contains("frame-ancestors 'none'")
          .contains("\r\nX-Content-Type-Options: nosniff\r\n")
          .contains("\r\nReferrer-Policy: no-referrer\r\n")
          .contains("\r\nCross-Origin-Opener-Policy: same-origin\r\n")
          .contains("\r\nCross-Origin-Resource-Policy: same-origin\r\n")
          .contains("\r\nCache-Control: no-store\r\n")
          .doesNotContainIgnoringCase("access-control");
    }
  }

  @Test
  void get_whenThePageTakesItsTime_answersLater_andOthersMeanwhile() throws Exception {
    SocketAddress server = tcp();
    try (SocketChannel waiting = SocketChannel.open(server)) {
      Http.write(waiting, "GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
      String asked = LATER_ASKED.get();
      assertThat(Http.get(server, "/page")).startsWith("HTTP/1.1 200 ");

      LATER.complete(HttpAnswer.text(200, "at last " + asked));
      assertThat(Http.read(waiting)).startsWith("HTTP/1.1 200 ").endsWith("at last it was asked");
    }
  }

  @Test
  void get_overAUnixSocket_needsNoHost() throws Exception {
    start(unix(), SocketAccess.EVERYBODY);

    assertThat(Http.say(unix(), "GET /page HTTP/1.1\r\nHost: proxy.example\r\n\r\n"))
        .startsWith("HTTP/1.1 200 ");
  }

  @Test
  void get_whenThereIsNoSuchPage_namesThose() throws Exception {
    assertThat(Http.get(tcp(), "/"))
        .startsWith("HTTP/1.1 404 ")
        .endsWith("there is nothing here; see /broken, /other, /page, /slow\n");
    assertThat(Http.get(started.get(0).listensAt(), "http://localhost/page"))
        .startsWith("HTTP/1.1 404 ");
  }

  @Test
  void post_isNotAllowed() throws Exception {
    assertThat(Http.say(tcp(), "POST /page HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .startsWith("HTTP/1.1 405 ")
        .contains("\r\nAllow: GET, HEAD\r\n");
  }

  @Test
  void request_whenItIsNoHttp_orTooLong_isRefused() throws Exception {
    SocketAddress server = tcp();

    assertThat(Http.say(server, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")).startsWith("HTTP/1.1 405 ");
    assertThat(Http.say(server, "nonsense\r\n\r\n")).startsWith("HTTP/1.1 400 ");
    assertThat(Http.get(server, "/page?" + "x".repeat(2_048))).startsWith("HTTP/1.1 400 ");
    assertThat(
            Http.say(
                server,
                "GET /page HTTP/1.1\r\nHost: localhost\r\nX: " + "y".repeat(8_192) + "\r\n\r\n"))
        .startsWith("HTTP/1.1 400 ");
  }

  @Test
  void requests_whenSeveralComeAtOnce_getOneAnswer() throws Exception {
    String request = "GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n";

    assertThat(Http.say(tcp(), request.repeat(3))).containsOnlyOnce("HTTP/1.1 200 ");
  }

  @Test
  void get_whenThePageHasADefect_saysSoAndTellsOfIt() throws Exception {
    HttpEndpoint endpoint = startOnTcp();

    assertThat(Http.get(endpoint.listensAt(), "/broken")).startsWith("HTTP/1.1 500 ");
    assertThat(endpoint.problems()).singleElement().asString().contains("over HTTP met a defect");
    assertThat(Http.get(endpoint.listensAt(), "/page")).startsWith("HTTP/1.1 200 ");
  }

  @Test
  void connections_whenThereAreTooMany_theOldestMakesRoom() throws Exception {
    SocketAddress server = tcp();
    List<SocketChannel> silent = new ArrayList<>();
    try {
      for (int i = 0; i < HttpConnections.MOST; i++) {
        silent.add(SocketChannel.open(server));
      }

      assertThat(Http.get(server, "/page")).startsWith("HTTP/1.1 200 ");
      assertThat(Http.read(silent.get(0))).isEmpty(); // it was closed
      SocketChannel next = silent.get(1);
      Http.write(next, "GET /page HTTP/1.1\r\nHost: localhost\r\n\r\n");
      assertThat(Http.read(next)).startsWith("HTTP/1.1 200 ");
    } finally {
      for (SocketChannel channel : silent) {
        channel.close();
      }
    }
  }

  @Test
  void connection_whenItsTimeIsOver_isClosed() {
    Defects defects = new Defects("a test");
    EmbeddedChannel channel =
        new EmbeddedChannel(
            new HttpConnections(
                PAGES,
                new HttpViewers(null, ImmediateEventExecutor.INSTANCE, defects),
                true,
                defects));
    channel.freezeTime();
    channel.writeInbound(Unpooled.copiedBuffer("GET", UTF_8));

    channel.advanceTimeBy(HttpConnections.LIFE_MS, TimeUnit.MILLISECONDS);
    channel.runScheduledPendingTasks();

    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void start_whenThePortIsTaken_isAProblemUntilItIsFree() throws Exception {
    HttpEndpoint first = startOnTcp();
    SocketAddress address = first.listensAt();
    HttpEndpoint second = start(address, SocketAccess.EVERYBODY);

    assertThat(second.problems())
        .singleElement()
        .asString()
        .startsWith("metrics cannot be served at 127.0.0.1:")
        .contains("Address already in use");
    first.close();
    second.look();
    assertThat(second.problems()).isEmpty();
    assertThat(Http.get(address, "/page")).startsWith("HTTP/1.1 200 ");
  }

  @Test
  void unixSocket_isForThoseWhoMayConnect_andIsRemovedAtTheEnd() throws Exception {
    HttpEndpoint endpoint = start(unix(), new SocketAccess("", "", 0660));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(unix().getPath())))
        .isEqualTo("rw-rw----");

    endpoint.close();
    assertThat(unix().getPath()).doesNotExist();
  }

  @Test
  void unixSocket_whenItIsRemoved_comesBack_butReplacesNothing() throws Exception {
    HttpEndpoint endpoint = start(unix(), SocketAccess.EVERYBODY);
    Files.delete(unix().getPath());
    endpoint.look();
    assertThat(Http.get(unix(), "/page")).startsWith("HTTP/1.1 200 ");

    Files.delete(unix().getPath());
    Files.writeString(unix().getPath(), "somebody's");
    endpoint.look();
    assertThat(endpoint.problems()).singleElement().asString().contains("something else there");
    assertThat(unix().getPath()).hasContent("somebody's");

    Files.delete(unix().getPath());
    endpoint.look();
    assertThat(endpoint.problems()).isEmpty();
    assertThat(Http.get(unix(), "/page")).startsWith("HTTP/1.1 200 ");
  }
}
