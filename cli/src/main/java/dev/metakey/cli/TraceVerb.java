package dev.metakey.cli;

import dev.metakey.cli.print.Output;
import dev.metakey.cli.print.TracePrinter;
import dev.metakey.cli.print.TracedPacket;
import dev.metakey.client.MetakeyClient;
import dev.metakey.client.View;
import dev.metakey.layout.MarkStruct;
import dev.metakey.model.Field;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Snapshot;
import dev.metakey.model.Words;
import dev.metakey.packet.AreaCodec;
import dev.metakey.packet.FieldValue;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "trace",
    footer = {
      "  metakey trace edge.packet_id",
      "  metakey trace edge.packet_id edge.zone --dev eth0 --at receive,drop",
      "  metakey trace edge.packet_id --where edge.packet_id=4711 -n 1 -o jsonl",
      "",
      "Looks through tracepoints, so packets pass as if nobody looked. The process is",
      "the one that the CPU was running, which need not be the packet's.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOT_PERMITTED,
      Exit.TOO_MANY,
      "8:the daemon cannot be reached, or packets cannot be traced here",
      "9:the daemon was not up, or the names not registered, within 24 hours",
      Exit.INTERRUPTED_TEXT,
      Exit.CLOSED_PIPE_TEXT,
    })
final class TraceVerb extends Verb {
  /** Where the kernel shows a packet. */
  enum Hook {
    /** From a device, after native XDP and before tc. */
    RECEIVE,
    /** To a device, after tc. */
    TRANSMIT,
    /** Dropped by the kernel, which says why. */
    DROP;

    @Override
    public String toString() {
      return Words.lower(this);
    }
  }

  @Parameters(
      paramLabel = "NAME",
      arity = "1..*",
      description = "The fields; those that are not there yet are waited for.")
  List<String> names = List.of();

  @Option(
      names = "--at",
      paramLabel = "HOOK",
      split = ",",
      description = "Where to look: ${COMPLETION-CANDIDATES}. Default: receive.")
  Set<Hook> hooks = Set.of(Hook.RECEIVE);

  @Option(
      names = "--dev",
      paramLabel = "DEVICE",
      description = "Only packets of this device, in whatever network namespace.")
  String device = "";

  @Option(
      names = "--where",
      paramLabel = "NAME=VALUE",
      description =
          "Only packets in which this field has this value, as it is printed or as a number, also"
              + " 0x...; if given more than once, all of them must hold.")
  List<String> conditions = List.of();

  @Option(
      names = {"-n", "--count"},
      paramLabel = "COUNT",
      converter = Numbers.Packets.class,
      description = "End after this many packets.")
  @Nullable Long count;

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    Output form = form(output);
    if (form == Output.JSON || form == Output.NAME) {
      throw wrong("a trace is a line for each packet: use -o table or -o jsonl");
    }
    if (device.length() > 15) {
      throw wrong("--dev '%s': a device's name has at most 15 letters".formatted(device));
    }
    List<PacketFilter> filters =
        conditions.stream().map(text -> PacketFilter.parse(text, names, this)).toList();
    try (Session session = Session.open(metakey, Session.LONGEST, false).expectingToWait()) {
      awaitNames(session.client());
      Areas areas = new Areas(session.client());
      View view = session.client().view();
      names.forEach(name -> refuseForeign(view.get(name)));
      AtomicBoolean unread = new AtomicBoolean();
      try (PacketTap tap =
          PacketTap.open(
              device,
              new TreeSet<>(hooks).stream().map(Hook::toString).toList(),
              this::tellMissed)) {
        terminal()
            .onReaderGone(
                () -> {
                  unread.set(true);
                  tap.close();
                });
        var unused = areas.of(view.snapshot().info()); // fails if this user may not know the tag
        terminal().note("tracing " + String.join(", ", names));
        boolean isDone = follow(tap, view, areas, filters, new TracePrinter(terminal(), form));
        return isDone ? 0 : unread.get() ? Exit.CLOSED_PIPE : Exit.INTERRUPTED;
      }
    }
  }

  /** Waits until all names are known. They may be released later, which the view tells. */
  private void awaitNames(MetakeyClient client) {
    try {
      var unused = client.resolve(names);
    } catch (MetakeyException e) {
      if (e.reason() != Reason.NOT_FOUND) {
        throw e;
      }
      terminal().note("waiting: " + e.text());
      try (var shown = new Progress(terminal(), names, Session.LONGEST)) {
        var unused = client.await(Session.LONGEST, names);
      }
    }
  }

  private static void refuseForeign(@Nullable Field field) {
    if (field != null && field.id() >= Field.IDS) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "%s is the hardware's own and never in front of a packet; a program that copies it into a field of its own makes it visible"
              .formatted(field.name()));
    }
  }

  /** Prints packets. Returns whether as many were printed as were asked for. */
  private boolean follow(
      PacketTap tap, View view, Areas areas, List<PacketFilter> filters, TracePrinter printer) {
    long left = count == null ? Long.MAX_VALUE : count;
    while (left > 0) {
      PacketTap.Packet packet = tap.next();
      if (packet == null) {
        return false;
      }
      Snapshot snapshot = view.snapshot();
      List<FieldValue> values = values(packet.metadata(), areas, snapshot);
      if (!values.isEmpty() && filters.stream().allMatch(filter -> filter.accepts(values))) {
        printer.print(traced(packet, values));
        left--;
      }
      if (!tap.isReady()) {
        terminal().flush();
      }
    }
    return true;
  }

  private void tellMissed(long packets) {
    terminal()
        .note(
            "%d packets were missed so far, as they came faster than they were read; --dev and --at make them fewer"
                .formatted(packets));
  }

  /**
   * The codec for this host's areas. Asks for the tag again if registry, layout or area changed;
   * and if an area has another tag, as after a retag, at most once a second.
   */
  private static final class Areas {
    private final MetakeyClient client;
    private @Nullable RegistryInfo info;
    private @Nullable AreaCodec codec;
    private @Nullable Long askedAgainNs;

    Areas(MetakeyClient client) {
      this.client = client;
    }

    AreaCodec of(RegistryInfo now) {
      RegistryInfo known = info;
      AreaCodec current = codec;
      return current != null && known != null && known.withRevision(now.revision()).equals(now)
          ? current
          : ask(now);
    }

    private AreaCodec ask(RegistryInfo now) {
      AreaCodec asked = AreaCodec.of(now, client.tag().value());
      codec = asked;
      info = now;
      return asked;
    }

    /** The codec for an area; null if that is not this host's. */
    @Nullable AreaCodec of(RegistryInfo now, ByteBuffer metadata) {
      int end = metadata.limit();
      AreaCodec current = of(now);
      if (!current.isOurs(metadata, end) && hasAnyMark(now, metadata) && mayAskAgain()) {
        current = askAgain(now, current);
      }
      return current.isOurs(metadata, end) ? current : null;
    }

    private static boolean hasAnyMark(RegistryInfo now, ByteBuffer metadata) {
      int end = metadata.limit();
      return end >= now.areaBytes() && MarkStruct.isAny(metadata, end - MarkStruct.BYTES);
    }

    private boolean mayAskAgain() {
      long ns = System.nanoTime();
      boolean may = askedAgainNs == null || ns - askedAgainNs > TimeUnit.SECONDS.toNanos(1);
      if (may) {
        askedAgainNs = ns;
      }
      return may;
    }

    private AreaCodec askAgain(RegistryInfo now, AreaCodec known) {
      try {
        return ask(now);
      } catch (MetakeyException e) { // the daemon is away: what is known stays
        return known;
      }
    }
  }

  /** The values of the fields that are traced, in the order of the line. */
  private List<FieldValue> values(ByteBuffer metadata, Areas areas, Snapshot snapshot) {
    AreaCodec codec = areas.of(snapshot.info(), metadata);
    if (codec == null) {
      return List.of();
    }
    List<FieldValue> all = codec.values(metadata, metadata.limit(), snapshot);
    return names.stream()
        .map(snapshot::resolve)
        .flatMap(field -> all.stream().filter(v -> v.field() != null && v.field().equals(field)))
        .toList();
  }

  private static TracedPacket traced(PacketTap.Packet packet, List<FieldValue> values) {
    return new TracedPacket(
        Instant.EPOCH.plusNanos(packet.ns()),
        packet.hook(),
        packet.dropReason(),
        packet.device(),
        packet.ifindex(),
        packet.length(),
        packet.cpu(),
        packet.pid(),
        packet.process(),
        values);
  }
}
