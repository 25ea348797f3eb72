package dev.metakey.cli;

import dev.metakey.model.FieldSpec;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "reserve",
    footer = {
      "  metakey reserve acme.tenant --id 7 --size 4",
      "  metakey reserve acme.flow --id 9 --size 8 --slot 128",
      "  metakey reserve legacy.mark --id 63 --size 4 --foreign --description 'fixed in fw.o'",
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
final class ReserveVerb extends Verb {
  @Parameters(paramLabel = "NAME", description = "The field.")
  String name = "";

  @Option(
      names = "--id",
      paramLabel = "N",
      required = true,
      converter = Numbers.Id.class,
      description = "The id: 0 to 63.")
  int id;

  @Option(
      names = "--slot",
      paramLabel = "N",
      converter = Numbers.Slot.class,
      description = "How many bytes before the packet it is to start: a multiple of its size.")
  int slot;

  @Option(
      names = "--size",
      paramLabel = "BYTES",
      required = true,
      converter = Numbers.Size.class,
      description = "The size of its values: 2, 4 or 8.")
  int size;

  @Option(
      names = "--foreign",
      description = "Some program hard-codes the id: the name resolves at once.")
  boolean foreign;

  @Mixin AttributeOptions attributes = new AttributeOptions();
  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    FieldSpec spec = attributes.spec(name, size, Duration.ZERO);
    printer(output).field(ask(client -> client.admin().reserve(spec, id, slot, foreign)));
    return 0;
  }
}
