package org.sluice.datapath.command;

/** The receiving side of the command ring, on the worker's thread. */
public interface CommandHandler {
    CommandResult onAddDomain(Command.AddDomain command);

    CommandResult onRemoveDomain(Command.RemoveDomain command);

    CommandResult onAddPort(Command.AddPort command);

    CommandResult onAddVtep(Command.AddVtep command);

    CommandResult onSetPortMtu(Command.SetPortMtu command);

    CommandResult onSetVtepRoute(Command.SetVtepRoute command);

    CommandResult onPutRemote(Command.PutRemote command);

    CommandResult onRemovePort(Command.RemovePort command);

    CommandResult onFlushFdb(Command.FlushFdb command);

    CommandResult onPutRoute(Command.PutRoute command);

    CommandResult onRemoveRoute(Command.RemoveRoute command);

    CommandResult onSetLocalAddress(Command.SetLocalAddress command);

    CommandResult onPutNeighbour(Command.PutNeighbour command);

    CommandResult onAddPortMap(Command.AddPortMap command);

    CommandResult onRemovePortMap(Command.RemovePortMap command);

    CommandResult onFlushConntrack(Command.FlushConntrack command);

    CommandResult onObserve(Command.Observe command);
}
