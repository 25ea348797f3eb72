package dev.metakey.server.transport;

import dev.metakey.server.engine.Defects;
import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.channel.ChannelFutureListener;
import io.grpc.netty.shaded.io.netty.channel.ChannelHandlerContext;
import io.grpc.netty.shaded.io.netty.channel.ChannelInboundHandlerAdapter;
import io.grpc.netty.shaded.io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.FullHttpResponse;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpHeaderNames;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpMethod;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpRequest;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpResponseStatus;
import io.grpc.netty.shaded.io.netty.handler.codec.http.HttpVersion;
import io.grpc.netty.shaded.io.netty.util.ReferenceCountUtil;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Answers the one request of a connection, and closes it: so no answers pile up for somebody who
 * asks and does not read.
 *
 * <p>A request that came over TCP must name this host in {@code Host}. A web page anywhere can have
 * a browser on this host connect here under a name of the page's own (DNS rebinding), and would be
 * allowed to read the answer; but the browser then sends that name.
 */
final class HttpCall extends ChannelInboundHandlerAdapter {
  private static final Pattern THIS_HOST =
      Pattern.compile("(?:localhost|127(?:\\.[0-9]{1,3}){3}|\\[::1\\])(?::[0-9]{1,5})?");

  private final Map<String, HttpPage> pages;
  private final boolean checksHost;
  private final Defects defects;
  private boolean answered;

  HttpCall(Map<String, HttpPage> pages, boolean checksHost, Defects defects) {
    this.pages = pages;
    this.checksHost = checksHost;
    this.defects = defects;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object part) {
    try {
      if (part instanceof HttpRequest request && !answered) {
        answered = true;
        send(context, answerTo(request), request.method().equals(HttpMethod.HEAD));
      }
    } finally {
      ReferenceCountUtil.release(part);
    }
  }

  private HttpAnswer answerTo(HttpRequest request) {
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
    String[] target = request.uri().split("\\?", 2);
    HttpPage page = pages.get(target[0]);
    return page == null ? notThere() : made(page, target.length == 1 ? "" : target[1]);
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

  private HttpAnswer made(HttpPage page, String query) {
    try {
      return page.get(query);
    } catch (RuntimeException | Error defect) { // otherwise nobody would answer
      defects.met(defect);
      return HttpAnswer.text(500, "a defect of metakeyd; its log says more, please report it\n");
    }
  }

  private static void send(ChannelHandlerContext context, HttpAnswer answer, boolean headersOnly) {
    byte[] body = answer.body();
    FullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            HttpResponseStatus.valueOf(answer.status()),
            headersOnly ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(body));
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_TYPE, answer.contentType())
        .set(HttpHeaderNames.CONTENT_LENGTH, body.length)
        .set(HttpHeaderNames.CONNECTION, "close")
        .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
        .set("X-Content-Type-Options", "nosniff");
    answer.headers().forEach((name, value) -> response.headers().set(name, value));
    var unused = context.writeAndFlush(response).addListener(ChannelFutureListener.CLOSE);
  }

  /** A client that breaks off is no event. */
  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    var unused = context.close();
  }
}
