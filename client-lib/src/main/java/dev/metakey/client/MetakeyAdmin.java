package dev.metakey.client;

import com.google.protobuf.ByteString;
import com.google.protobuf.util.Timestamps;
import dev.metakey.model.Change;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldUser;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.Pending;
import dev.metakey.v1.AdminGrpc;
import dev.metakey.v1.AdminGrpc.AdminBlockingStub;
import dev.metakey.v1.AdminGrpc.AdminBlockingV2Stub;
import dev.metakey.v1.ApplyRequest;
import dev.metakey.v1.BackupRequest;
import dev.metakey.v1.ListHistoryRequest;
import dev.metakey.v1.ListPendingRequest;
import dev.metakey.v1.ListUsersRequest;
import dev.metakey.v1.RegistryGrpc;
import dev.metakey.v1.ReleaseAllRequest;
import dev.metakey.v1.ReleaseRequest;
import dev.metakey.v1.ReloadRequest;
import dev.metakey.v1.ReserveRequest;
import dev.metakey.v1.RestoreRequest;
import dev.metakey.v1.RetagRequest;
import dev.metakey.v1.SetReadOnlyRequest;
import dev.metakey.v1.TestPolicyRequest;
import dev.metakey.v1.TransferRequest;
import dev.metakey.v1.UndeleteRequest;
import dev.metakey.v1.UnreserveRequest;
import dev.metakey.wire.FleetWire;
import dev.metakey.wire.Replies;
import dev.metakey.wire.Wire;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.BlockingClientCall;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * What only admins may do: from {@link MetakeyClient#admin()}, whose connection it uses. Root of
 * the host and the daemon's own user are admins. Anybody else is refused with NOT_PERMITTED.
 *
 * <p>Safe for any number of threads. Calls block and fail as those of {@link MetakeyClient} do, and
 * none of them ever answers stale.
 */
public final class MetakeyAdmin {
  private static final int PART_BYTES = 16 << 10;

  private final Connection connection;

  MetakeyAdmin(Connection connection) {
    this.connection = connection;
  }

  /** What concerns the fleet that the host belongs to. */
  public MetakeyFleet fleet() {
    return new MetakeyFleet(connection);
  }

  /**
   * Ties a name to an id and size before anybody registers it, at any place. Idempotent.
   *
   * @param spec what a registration will have to agree with
   * @param id 0-63
   * @param foreign whether some program hard-codes the id; the name then resolves at once
   * @throws MetakeyException INVALID_NAME, INVALID_SIZE, INVALID_ATTRIBUTE, INVALID_REQUEST,
   *     NOT_PERMITTED, ID_TAKEN, MISMATCH, NO_FREE_SLOT, STORE_FAILED
   */
  public Answer<Field> reserve(FieldSpec spec, int id, boolean foreign) {
    return reserve(spec, id, 0, foreign);
  }

  /**
   * As {@link #reserve(FieldSpec, int, boolean)}, at a place.
   *
   * @param slot how many bytes before the packet the value starts: a multiple of its size; 0:
   *     anywhere
   * @throws MetakeyException INVALID_REQUEST if nothing can lie there, ID_TAKEN if something does,
   *     and as {@link #reserve(FieldSpec, int, boolean)}
   */
  public Answer<Field> reserve(FieldSpec spec, int id, int slot, boolean foreign) {
    var request =
        ReserveRequest.newBuilder()
            .setSpec(Wire.spec(spec))
            .setId(id)
            .setSlot(slot)
            .setForeign(foreign)
            .build();
    var reply = call(stub -> stub.reserve(request));
    return Answer.of(reply.getRegistry(), Replies.field(reply.getField()));
  }

  /**
   * Unties a name from its id.
   *
   * @throws MetakeyException INVALID_NAME, NOT_FOUND, NOT_PERMITTED, STORE_FAILED
   */
  public Answer<Field> unreserve(String name) {
    var request = UnreserveRequest.newBuilder().setName(name).build();
    var reply = call(stub -> stub.unreserve(request));
    return Answer.of(reply.getRegistry(), Replies.field(reply.getField()));
  }

  /**
   * Retires a field although loaded programs are linked to it: its id is set aside until they are
   * gone.
   *
   * @throws MetakeyException INVALID_NAME, NOT_FOUND, NOT_PERMITTED, STORE_FAILED
   */
  public Answer<Field> forceRelease(String name) {
    return release(ReleaseRequest.newBuilder().setName(name).setForce(true).build());
  }

  /**
   * As {@link #forceRelease(String)}, but only if the field has this generation.
   *
   * @throws MetakeyException WRONG_GENERATION, and as {@link #forceRelease(String)}
   */
  public Answer<Field> forceRelease(String name, int generation) {
    return release(
        ReleaseRequest.newBuilder().setName(name).setGeneration(generation).setForce(true).build());
  }

  /**
   * Releases a field for all its owners and frees its id at once, without a quarantine, provided
   * that no loaded program is linked to it. The field may be retired already.
   *
   * @return the field, which is now free, or reserved if its name is
   * @throws MetakeyException INVALID_NAME, NOT_FOUND, NOT_PERMITTED, IN_USE (also where loaded
   *     programs cannot be seen), STORE_FAILED
   */
  public Answer<Field> releaseNow(String name) {
    return release(ReleaseRequest.newBuilder().setName(name).setNow(true).build());
  }

  /**
   * As {@link #releaseNow(String)}, but only if the field has this generation.
   *
   * @throws MetakeyException WRONG_GENERATION, and as {@link #releaseNow(String)}
   */
  public Answer<Field> releaseNow(String name, int generation) {
    return release(
        ReleaseRequest.newBuilder().setName(name).setGeneration(generation).setNow(true).build());
  }

  /**
   * Retires every field of an owner, in one commit; a shared field is left to its other owners.
   * What a loaded program is linked to stays as it is.
   *
   * @param whose an owner with an empty service stands for all claims of that uid, or of all
   *     containers with a user namespace of their own
   * @param now free the ids at once, without a quarantine, also those of its fields that are
   *     retired already
   * @throws MetakeyException INVALID_REQUEST, NOT_FOUND if nothing belongs to it, NOT_PERMITTED,
   *     IN_USE (if {@code now} and loaded programs cannot be seen), STORE_FAILED
   */
  public Answer<Released> releaseAll(Owner whose, boolean now) {
    var request = ReleaseAllRequest.newBuilder().setWhose(Wire.owner(whose)).setNow(now).build();
    var reply = call(stub -> stub.releaseAll(request));
    return Answer.of(
        reply.getRegistry(),
        new Released(
            Replies.fields(reply.getReleasedList()), Replies.fields(reply.getInUseList())));
  }

  private Answer<Field> release(ReleaseRequest request) {
    var reply = connection.call(RegistryGrpc::newBlockingStub, stub -> stub.release(request));
    return Answer.of(reply.getRegistry(), Replies.field(reply.getField()));
  }

  /**
   * Brings a retired field back, as it was.
   *
   * @throws MetakeyException INVALID_NAME, NOT_FOUND, NOT_PERMITTED, STORE_FAILED
   */
  public Answer<Field> undelete(String name) {
    var request = UndeleteRequest.newBuilder().setName(name).build();
    var reply = call(stub -> stub.undelete(request));
    return Answer.of(reply.getRegistry(), Replies.field(reply.getField()));
  }

  /**
   * Hands a field to another owner, who is then its only one. A retired field stays retired, and
   * its new owner may bring it back. Idempotent.
   *
   * @throws MetakeyException INVALID_NAME, INVALID_REQUEST, NOT_FOUND, NOT_PERMITTED, STORE_FAILED
   */
  public Answer<Field> transfer(String name, Owner to) {
    var request = TransferRequest.newBuilder().setName(name).setTo(Wire.owner(to)).build();
    var reply = call(stub -> stub.transfer(request));
    return Answer.of(reply.getRegistry(), Replies.field(reply.getField()));
  }

  /**
   * Makes a new tag: programs that are linked with the old one have to be linked again.
   *
   * @param nothingLoaded an admin's word that no program is loaded, for a daemon that cannot see
   *     them
   * @return true
   * @throws MetakeyException NOT_PERMITTED, IN_USE, READ_ONLY, STORE_FAILED
   */
  public Answer<Boolean> retag(boolean nothingLoaded) {
    var request = RetagRequest.newBuilder().setNothingLoaded(nothingLoaded).build();
    var reply = call(stub -> stub.retag(request));
    return Answer.of(reply.getRegistry(), true);
  }

  /**
   * A backup: the whole registry at one revision, as text with a checksum. It holds the tag, so
   * whoever keeps it keeps a secret.
   *
   * @throws MetakeyException NOT_PERMITTED, READ_ONLY
   */
  public Answer<byte[]> backup() {
    var reply = call(stub -> stub.backup(BackupRequest.getDefaultInstance()));
    return Answer.of(reply.getRegistry(), reply.getBackup().toByteArray());
  }

  /**
   * Puts the registry back to a backup, in one commit and under a new registry id. What was
   * registered since then is retired. What a loaded program is linked to stays as it is; if the
   * backup has another use for it, nothing is restored.
   *
   * @param dryRun only tell what would change
   * @param nothingLoaded an admin's word that no program is loaded, for a daemon that cannot see
   *     them
   * @return what was changed, or would be; nothing if the registry is as the backup says
   * @throws MetakeyException INVALID_REQUEST if it is no backup, or of another layout or area;
   *     NOT_PERMITTED, IN_USE, READ_ONLY, STORE_FAILED
   */
  public Answer<List<Change>> restore(byte[] backup, boolean dryRun, boolean nothingLoaded) {
    var options = RestoreRequest.newBuilder().setDryRun(dryRun).setNothingLoaded(nothingLoaded);
    var reply = upload(AdminBlockingV2Stub::restore, part -> options.setPart(part).build(), backup);
    return Answer.of(
        reply.getRegistry(), reply.getChangesList().stream().map(Replies::change).toList());
  }

  /**
   * Makes what a file says: all of it, or nothing where it contradicts the registry. Idempotent.
   *
   * @param file the file's absolute path, for messages and as who reserved it; the daemon does not
   *     open it
   * @param text what it holds, YAML in UTF-8: reservations in the form of {@code keys.d}
   * @param withFields whether registered fields are allowed in it too, as an export has them
   * @param dryRun only tell what would change
   * @throws MetakeyException INVALID_REQUEST with file and line, NOT_PERMITTED, READ_ONLY,
   *     STORE_FAILED
   */
  public Answer<Applied> apply(String file, byte[] text, boolean withFields, boolean dryRun) {
    var options =
        ApplyRequest.newBuilder().setFile(file).setWithFields(withFields).setDryRun(dryRun);
    var reply = upload(AdminBlockingV2Stub::apply, part -> options.setPart(part).build(), text);
    return Answer.of(
        reply.getRegistry(),
        new Applied(
            reply.getChangesList().stream().map(Replies::change).toList(),
            List.copyOf(reply.getConflictsList())));
  }

  /**
   * Refuses changes from now on with READ_ONLY, or takes them again. It outlasts a restart of the
   * daemon.
   *
   * @param reason what for: one line, at most 255 characters; may be empty
   * @return why changes are refused now; empty if they are taken
   * @throws MetakeyException INVALID_REQUEST, NOT_PERMITTED, STORE_FAILED; READ_ONLY if the daemon
   *     has started read-only by itself
   */
  public Answer<String> readOnly(boolean on, String reason) {
    var request = SetReadOnlyRequest.newBuilder().setOn(on).setReason(reason).build();
    var reply = call(stub -> stub.setReadOnly(request));
    return Answer.of(reply.getRegistry(), reply.getWhy());
  }

  /**
   * Has the daemon read its config and {@code keys.d} again, and take on the policy, the
   * quarantine, the launchers and the reservations.
   *
   * @return what else an admin should know, say which keys count from the next start; may be empty
   * @throws MetakeyException NOT_PERMITTED; INVALID_REQUEST if something is wrong, and all stays as
   *     it was; READ_ONLY if the daemon has started with a wrong config; STORE_FAILED if
   *     reservations cannot be stored
   */
  public Answer<String> reload() {
    var reply = call(stub -> stub.reload(ReloadRequest.getDefaultInstance()));
    return Answer.of(reply.getRegistry(), reply.getNote());
  }

  /**
   * Which rule of the policy decides about somebody.
   *
   * @param who uid, gid, supplementary groups, owner and cgroup count
   * @param name what it is about; empty: all names
   * @throws MetakeyException INVALID_NAME, INVALID_REQUEST, NOT_PERMITTED
   */
  public Answer<PolicyVerdict> testPolicy(Peer who, String name) {
    boolean isUnit = who.owner().kind() == Owner.Kind.UNIT;
    var request =
        TestPolicyRequest.newBuilder()
            .setUid(who.uid())
            .addGids(who.gid())
            .addAllGids(who.groups())
            .setUnit(isUnit ? who.service() : "")
            .setClaim(isUnit ? "" : who.service())
            .setCgroup(who.cgroup())
            .setName(name)
            .build();
    var reply = call(stub -> stub.testPolicy(request));
    var passed =
        reply.getPassedList().stream()
            .map(rule -> new PolicyVerdict.Passed(rule.getRule(), rule.getCondition()))
            .toList();
    return Answer.of(
        reply.getRegistry(),
        new PolicyVerdict(
            reply.getRule(),
            reply.getAbout(),
            reply.getAllows(),
            reply.getBornAdmin(),
            reply.getRightsList(),
            reply.getIds(),
            reply.getSlotBytes(),
            passed));
  }

  /**
   * Committed changes, oldest first, as far back as they are kept.
   *
   * @param sinceRevision changes after this one; 0: from the start
   * @param name only changes of this name; empty: all
   * @param limit at most this many: 1-1000; 0: 1000
   * @throws MetakeyException INVALID_REQUEST, NOT_PERMITTED, STORE_FAILED
   */
  public Answer<History> history(long sinceRevision, String name, int limit) {
    return history(sinceRevision, name, "", 0, limit);
  }

  /**
   * As {@link #history(long, String, int)}, narrowed further.
   *
   * @param by only changes that this unit or claim made; empty: all
   * @param fromMs only changes whose time is not before this, milliseconds since 1970; 0: all
   */
  public Answer<History> history(
      long sinceRevision, String name, String by, long fromMs, int limit) {
    var request =
        ListHistoryRequest.newBuilder()
            .setSinceRevision(sinceRevision)
            .setName(name)
            .setBy(by)
            .setLimit(limit);
    if (fromMs != 0) {
      request.setFrom(Timestamps.fromMillis(fromMs));
    }
    var reply = call(stub -> stub.listHistory(request.build()));
    var changes = reply.getChangesList().stream().map(Replies::change).toList();
    var events = reply.getFleetEventsList().stream().map(FleetWire::event).toList();
    return Answer.of(
        reply.getRegistry(), new History(changes, events, reply.getNextSinceRevision()));
  }

  /**
   * Who waits for which names, in the order in which they came. Makes as many calls as it takes,
   * because they may be too many for one answer.
   *
   * @throws MetakeyException NOT_PERMITTED
   */
  public Answer<List<Pending>> pending() {
    List<Pending> all = new ArrayList<>();
    long after = 0;
    while (true) {
      var request = ListPendingRequest.newBuilder().setAfter(after).build();
      var reply = call(stub -> stub.listPending(request));
      reply.getPendingList().stream().map(Replies::pending).forEach(all::add);
      after = reply.getNextAfter();
      if (after == 0) {
        return Answer.of(reply.getRegistry(), List.copyOf(all));
      }
    }
  }

  /**
   * The loaded programs, with each field that they name: by ascending program id.
   *
   * @throws MetakeyException NOT_PERMITTED; UNAVAILABLE, also where the daemon cannot see them
   */
  public Answer<List<FieldUser>> users() {
    var reply = call(stub -> stub.listUsers(ListUsersRequest.getDefaultInstance()));
    return Answer.of(
        reply.getRegistry(),
        reply.getProgramsList().stream()
            .flatMap(program -> Replies.program(program).stream())
            .toList());
  }

  /** Sends bytes in parts, as they may be more than one message takes. */
  private <Q, A> A upload(
      Function<AdminBlockingV2Stub, BlockingClientCall<Q, A>> rpc,
      Function<ByteString, Q> partOf,
      byte[] bytes) {
    return connection.call(
        AdminGrpc::newBlockingV2Stub,
        stub -> {
          BlockingClientCall<Q, A> call = rpc.apply(stub);
          try {
            return upload(call, partOf, ByteString.copyFrom(bytes));
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw Retry.interrupted(e);
          } catch (StatusException e) {
            throw new StatusRuntimeException(e.getStatus(), e.getTrailers());
          }
        });
  }

  private static <Q, A> A upload(
      BlockingClientCall<Q, A> call, Function<ByteString, Q> partOf, ByteString bytes)
      throws InterruptedException, StatusException {
    int from = 0;
    do {
      int to = Math.min(bytes.size(), from + PART_BYTES);
      if (!call.write(partOf.apply(bytes.substring(from, to)))) {
        break; // it was refused, as the answer says
      }
      from = to;
    } while (from < bytes.size());
    call.halfClose();
    A answer = call.read();
    if (answer == null) {
      throw new StatusException(Status.INTERNAL.withDescription("no answer"));
    }
    return answer;
  }

  private <R> R call(Function<AdminBlockingStub, R> rpc) {
    return connection.call(AdminGrpc::newBlockingStub, rpc);
  }
}
