package org.sluice.datapath.command;

/**
 * The worker's side of the command ring for networks, ports, the FDB and observation. {@link Layer3CommandHandler} has
 * the other commands. Each method runs on the worker's thread, between bursts. A refused command has changed nothing.
 */
public interface Layer2CommandHandler {
    CommandResult onAddDomain(Command.AddDomain command);

    CommandResult onRemoveDomain(Command.RemoveDomain command);

    CommandResult onAddPort(Command.AddPort command);

    CommandResult onAddVtep(Command.AddVtep command);

    CommandResult onSetPortMtu(Command.SetPortMtu command);

    CommandResult onSetUplink(Command.SetUplink command);

    CommandResult onSetVtepRoute(Command.SetVtepRoute command);

    CommandResult onPutRemote(Command.PutRemote command);

    CommandResult onRemovePort(Command.RemovePort command);

    CommandResult onFlushFdb(Command.FlushFdb command);

    CommandResult onObserve(Command.Observe command);
}
