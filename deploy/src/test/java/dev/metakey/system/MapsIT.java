package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.metakey.v1.GetStatusRequest;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Pinned maps of a real daemon, as bpftool shows them. */
@LoadedPrograms.Loaded
class MapsIT {
  private static final int SEQ = 0;
  private static final int REVISION = 24;

  @RegisterExtension final Host host = new Host();

  /** Reads a pinned map: key to value. */
  private Map<ByteBuffer, ByteBuffer> dump(Path pin) throws Exception {
    List<String> command = List.of("bpftool", "-j", "map", "dump", "pinned", pin.toString());
    JsonArray entries =
        JsonParser.parseString(Ran.of(host.process(command), Host.PATIENCE).ok().out())
            .getAsJsonArray();
    Map<ByteBuffer, ByteBuffer> map = new HashMap<>();
    for (JsonElement entry : entries) {
      JsonObject pair = entry.getAsJsonObject();
      map.put(bytes(pair.getAsJsonArray("key")), bytes(pair.getAsJsonArray("value")));
    }
    return map;
  }

  private static ByteBuffer bytes(JsonArray hex) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    hex.forEach(element -> bytes.write(Integer.decode(element.getAsString())));
    return ByteBuffer.wrap(bytes.toByteArray()).order(ByteOrder.nativeOrder());
  }

  private ByteBuffer header(Path maps) throws Exception {
    return dump(maps.resolve("header")).values().iterator().next();
  }

  /** The maps come a moment after the daemon serves. */
  private boolean isAt(Path maps, long revision) throws Exception {
    return Files.exists(maps.resolve("header")) && header(maps).getLong(REVISION) == revision;
  }

  private static String name(ByteBuffer bytes) {
    return StandardCharsets.US_ASCII.decode(bytes.duplicate().position(0).limit(64)).toString();
  }

  @Test
  void maps_whenFieldsAreRegistered_showThem() throws Exception {
    Requires.bpf();
    Path maps = host.mount("bpf", "-t", "bpf", "bpf").resolve("metakey");
    host.set("METAKEY_JAVA_OPTS", "-Djava.io.tmpdir=/nowhere"); // nothing may be unpacked
    DaemonProcess daemon = host.start("--bpffs", maps.toString());
    host.cli("register", "edge.packet_id:8", "edge.zone:2").ok();
    Host.await("revision 2", () -> isAt(maps, 2));

    assertThat(host.cli("status").ok().out()).contains(maps.toString());
    assertThat(header(maps).getLong(SEQ) & 1).isZero();
    Map<ByteBuffer, ByteBuffer> ids = dump(maps.resolve("ids"));
    assertThat(ids).hasSize(64);
    ByteBuffer one = ByteBuffer.allocate(4).order(ByteOrder.nativeOrder()).putInt(0, 1);
    assertThat(name(ids.get(one))).startsWith("edge.zone\0");
    Map<ByteBuffer, ByteBuffer> names = dump(maps.resolve("names"));
    assertThat(names).hasSize(5);
    names.forEach((key, value) -> assertThat(name(key)).isEqualTo(name(value)));
    daemon.kill();
    assertThat(header(maps).getLong(REVISION)).as("stays").isEqualTo(2);
  }

  @Test
  void maps_whenReadByAUserWhoHasOnlyCapBpf_areRead() throws Exception {
    Requires.bpf();
    Path maps = host.mount("bpf", "-t", "bpf", "bpf").resolve("metakey");
    host.start("--bpffs", maps.toString());
    host.cli("register", "test.f0:2").ok();
    Host.await("revision 1", () -> isAt(maps, 1));
    Path object = host.root().resolve("fields.o");
    Path binding = host.root().resolve("binding");
    CBuild.bpf(CBuild.clangs().get(0), CBuild.source("fields.bpf.c"), object);
    CBuild.program(CBuild.source("binding.c"), binding);

    List<String> command = Requires.nobody();
    command.addAll(1, List.of("--inh-caps=-all,+bpf", "--ambient-caps=-all,+bpf"));
    command.addAll(List.of(binding.toString(), object.toString(), "maps:" + maps));
    assertThat(Ran.of(host.process(command), Host.PATIENCE).ok().out()).isEqualTo("read 0 \n");
  }

  @Test
  void maps_whenTheDaemonIsKilledWhileItWrites_areMendedByTheNext() throws Exception {
    Requires.bpf();
    Path maps = host.mount("bpf", "-t", "bpf", "bpf").resolve("metakey");
    for (int round = 0; round < 5; round++) {
      DaemonProcess daemon = host.start("--bpffs", maps.toString());
      Wiretap connection = host.connect();
      for (int i = 0; i < 40 + 13 * round; i++) {
        connection.register(Wiretap.field("edge.toggled", 2));
        connection.release("edge.toggled");
      }
      daemon.kill();
    }
    host.start("--bpffs", maps.toString());
    host.cli("register", "edge.last:8").ok();
    long revision =
        host.connect()
            .registry()
            .getStatus(GetStatusRequest.getDefaultInstance())
            .getRegistry()
            .getRevision();
    Host.await("the last state", () -> isAt(maps, revision));
    assertThat(header(maps).getLong(SEQ) & 1).isZero();
    assertThat(dump(maps.resolve("names")).keySet().stream().map(MapsIT::name))
        .anyMatch(name -> name.startsWith("edge.last\0"));
  }

  @Test
  void maps_whenNothingIsMounted_areReportedAndHeal() throws Exception {
    Requires.bpf();
    Path point = host.root().resolve("bpf");
    Files.createDirectory(point);
    host.start("--bpffs", point.resolve("metakey").toString());
    String advice = "mount -t bpf bpf " + point;
    Host.await("status says so", () -> host.cli("status").out().contains(advice));
    host.cli("status").exits(10);
    Files.delete(point);
    host.mount("bpf", "-t", "bpf", "bpf");
    Host.await("it heals", () -> host.cli("status").exit() == 0);
    assertThat(header(point.resolve("metakey")).getLong(SEQ) & 1).isZero();
  }
}
