package dev.metakey.server.transport;

import dev.metakey.server.engine.Defects;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.ChannelFutureListener;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultLastHttpContent;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpHeaderNames;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpHeaders;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpMethod;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpRequest;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpResponseStatus;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpVersion;
import io.grpc.netty.shaded.io.netty.util.ReferenceCountUtil;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Answers the one request of a connection, and closes it: so no answers pile up for somebody who
 * asks and does not read. Only {@link HttpViewers} are told more.
 *
 * <p>A request that came over TCP must name this host in {@code Host}. A web page anywhere can have
 * a browser on this host connect here under a name of the page's own (DNS rebinding), and would be
 * allowed to read the answer; but the browser then sends that name. Under its right name, a browser
 * keeps the answer from other pages, and says that it asks for one: then it gets none, unless it is
 * to go here.
 */
final class HttpCall extends ChannelInboundHandlerAdapter {
  private static final Pattern THIS_HOST =
      Pattern.compile("(?:localhost|127(?:\\.[0-9]{1,3}){3}|\\[::1\\])(?::[0-9]{1,5})?");

  /**
   * What browsers may do with an answer: nothing but what a page here asks for, from here. A page
   * that nobody trusts would even be kept from showing one in a frame.
   */
  private static final Map<String, String> FOR_BROWSERS =
      Map.of(
          "Content-Security-Policy",
          "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
              + " base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
              + " require-trusted-types-for 'script'; trusted-types 'none'",
          "X-Content-Type-Options",
          "nosniff",
          "Referrer-Policy",
          "no-referrer",
          "Cross-Origin-Opener-Policy",
          "same-origin",
          "Cross-Origin-Resource-Policy",
          "same-origin",
          "Cache-Control",
          "no-store");

  private final Map<String, HttpPage> pages;
  private final HttpViewers viewers;
  private final boolean checksHost;
  private final Defects defects;
  private boolean answered;

  /**
   * @param pages by path
   * @param viewers who wants to be told more than once
   * @param checksHost whether the request must name this host
   */
  HttpCall(Map<String, HttpPage> pages, HttpViewers viewers, boolean checksHost, Defects defects) {
    this.pages = pages;
    this.viewers = viewers;
    this.checksHost = checksHost;
    this.defects = defects;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object part) {
    try {
      if (part instanceof HttpRequest request && !answered) {
        answered = true;
        answer(context, request);
      }
    } finally {
      ReferenceCountUtil.release(part);
    }
  }

  private void answer(ChannelHandlerContext context, HttpRequest request) {
    boolean isHead = request.method().equals(HttpMethod.HEAD);
    HttpAnswer refusal = refusal(request);
    String[] target = request.uri().split("\\?", 2);
    if (refusal != null) {
      send(context, refusal, isHead);
    } else if (viewers.isAt(target[0])) {
      var unused = context.writeAndFlush(headOf(200, "text/event-stream"));
      if (isHead) {
        var unusedEnd = context.close();
      } else {
        viewers.add(context.channel());
      }
    } else {
      HttpPage page = pages.get(target[0]);
      CompletableFuture<HttpAnswer> made =
          page == null
              ? CompletableFuture.completedFuture(notThere())
              : made(page, target.length == 1 ? "" : target[1]);
      var unused = made.thenAccept(answer -> send(context, answer, isHead));
    }
  }

  /** Why the request is not answered; null if it is. */
  private @Nullable HttpAnswer refusal(HttpRequest request) {
    if (request.decoderResult().isFailure()) {
      return HttpAnswer.text(400, "this is no request of HTTP/1.1, or it is too long\n");
    }
    if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
      return notAllowed();
    }
    if (checksHost && !namesThisHost(request)) {
      return HttpAnswer.text(
          403, "only requests for this host are answered: say localhost or 127.0.0.1 in 'Host'\n");
    }
    if (isForAnotherPage(request.headers())) {
      return HttpAnswer.text(403, "pages from elsewhere are told nothing: open this one instead\n");
    }
    return null;
  }

  private static boolean isForAnotherPage(HttpHeaders headers) {
    String from = headers.get("Sec-Fetch-Site", "none");
    boolean isFromHere = from.equals("same-origin") || from.equals("none");
    return !isFromHere && !headers.get("Sec-Fetch-Mode", "").equals("navigate");
  }

  private static boolean namesThisHost(HttpRequest request) {
    List<String> hosts = request.headers().getAll(HttpHeaderNames.HOST);
    return hosts.size() == 1 && THIS_HOST.matcher(hosts.get(0)).matches();
  }

  private static HttpAnswer notAllowed() {
    HttpAnswer answer = HttpAnswer.text(405, "only GET and HEAD are answered here\n");
    return new HttpAnswer(
        answer.status(), answer.contentType(), Map.of("Allow", "GET, HEAD"), answer.body());
  }

  private HttpAnswer notThere() {
    return HttpAnswer.text(
        404,
        "there is nothing here; see %s\n"
            .formatted(String.join(", ", new TreeSet<>(pages.keySet()))));
  }

  private CompletableFuture<HttpAnswer> made(HttpPage page, String query) {
    try {
      CompletableFuture<HttpAnswer> made =
          page instanceof HttpPage.Slow slow
              ? slow.ask(query)
              : CompletableFuture.completedFuture(page.get(query));
      return made.exceptionally(this::broken);
    } catch (RuntimeException | Error defect) { // otherwise nobody would answer
      return CompletableFuture.completedFuture(broken(defect));
    }
  }

  private HttpAnswer broken(Throwable defect) {
    defects.met(defect);
    return HttpAnswer.text(500, "a defect of metakeyd; its log says more, please report it\n");
  }

  private static void send(ChannelHandlerContext context, HttpAnswer answer, boolean headersOnly) {
    byte[] body = answer.body();
    HttpResponse head = headOf(answer.status(), answer.contentType());
    head.headers().set(HttpHeaderNames.CONTENT_LENGTH, body.length);
    answer.headers().forEach((name, value) -> head.headers().set(name, value));
    var unusedHead = context.write(head);
    var unused =
        context
            .writeAndFlush(
                new DefaultLastHttpContent(
                    headersOnly ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(body)))
            .addListener(ChannelFutureListener.CLOSE);
  }

  /** Whatever follows ends with the connection. */
  private static HttpResponse headOf(int status, String contentType) {
    HttpResponse head =
        new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status));
    FOR_BROWSERS.forEach((name, value) -> head.headers().set(name, value));
    head.headers()
        .set(HttpHeaderNames.CONTENT_TYPE, contentType)
        .set(HttpHeaderNames.CONNECTION, "close");
    return head;
  }

  /** A client that breaks off is no event. */
  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    var unused = context.close();
  }
}
