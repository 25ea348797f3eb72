package dev.metakey.cli;

import dev.metakey.client.Answer;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.Registered;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "register",
    footer = {
      "  metakey register edge.packet_id --size 8",
      "  metakey register edge.client_ip --size 4 --format ipv4 --description 'who sent it'",
      "  metakey register edge.flow:8 edge.zone:2 --service edge-xdp",
      "  metakey register trace.id --size 8 --shared --merge keep_first --ttl 24h",
      "  metakey register edge.packet_id --size 8 --wait 5m",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.CONFLICT,
      Exit.NOT_PERMITTED,
      Exit.EXHAUSTED,
      Exit.UNAVAILABLE,
    })
final class RegisterVerb extends Verb {
  /** A service may start together with the daemon. */
  static final Duration PATIENCE = Duration.ofSeconds(10);

  @Parameters(
      paramLabel = "NAME[:SIZE]",
      arity = "1..*",
      description = "The fields, like edge.packet_id or edge.packet_id:8.")
  List<String> fields = List.of();

  @Option(
      names = "--size",
      paramLabel = "BYTES",
      converter = Numbers.Size.class,
      description = "The size of the values where the name does not say it: 2, 4 or 8.")
  @Nullable Integer size;

  @Mixin AttributeOptions attributes = new AttributeOptions();

  @Option(
      names = "--ttl",
      paramLabel = "DURATION",
      description = "Retire it unless it is registered again within this time: 1s to 366d.")
  @Nullable Duration ttl;

  @Option(
      names = "--wait",
      paramLabel = "DURATION",
      description =
          "How long to wait for the daemon to be up, and for the fleet where a name needs its id"
              + " from there: 1ms to 24h.")
  @Nullable Duration wait;

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    List<FieldSpec> specs = new ArrayList<>();
    for (String field : fields) {
      specs.add(spec(field));
    }
    Answer<List<Registered>> answer = register(specs);
    CallingService.of(metakey).tell(terminal(), answer.value().get(0).field().owners());
    printer(output).registered(answer);
    return 0;
  }

  private Answer<List<Registered>> register(List<FieldSpec> specs) {
    Duration limit = wait;
    if (limit == null) {
      return ask(PATIENCE, client -> client.register(specs));
    }
    long startNs = System.nanoTime();
    Duration patience = WaitOption.patience(limit);
    List<String> names = specs.stream().map(FieldSpec::name).toList();
    try (var unused = new Progress(terminal(), names, patience)) {
      return await(patience, client -> client.register(WaitOption.left(limit, startNs), specs));
    }
  }

  private FieldSpec spec(String field) {
    int colon = field.lastIndexOf(':');
    String name = colon < 0 ? field : field.substring(0, colon);
    return attributes.spec(name, colon < 0 ? size(field) : size(field, colon), ttl());
  }

  private int size(String field) {
    if (size == null) {
      throw wrong(
          "the size of '%s' is missing; say --size 2, 4 or 8, or %s:8".formatted(field, field));
    }
    return size;
  }

  private int size(String field, int colon) {
    try {
      // Any number: the rules of a field say which are sizes.
      return Integer.parseInt(field.substring(colon + 1));
    } catch (NumberFormatException e) {
      throw wrong(
          "'%s' is neither a name nor a name with a size (2, 4 or 8), like edge.packet_id:8"
              .formatted(field));
    }
  }

  private Duration ttl() {
    if (ttl == null) {
      return Duration.ZERO;
    }
    if (ttl.isZero()) {
      throw wrong("a ttl of 0 means no ttl; leave --ttl out, or say 1s to 366d");
    }
    return ttl;
  }
}
